// Package apidocs serves a service's OpenAPI document with a page to read it and try it.
//
// The page is Swagger UI, from the module github.com/swaggest/swgui, which has its files as they are released, compressed.
package apidocs
