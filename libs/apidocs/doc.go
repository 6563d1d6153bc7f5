// Package apidocs serves a service's OpenAPI document with a page to read it and try it.
//
// The page is Swagger UI, from the module github.com/swaggest/swgui, which holds the released files, compressed.
package apidocs
