// Package apidocs serves a service's OpenAPI document with a page to read it and try it.
//
// The page is Swagger UI (swagger-ui-dist 5.35.0, Apache 2.0), vendored in assets as its package has it, less the source maps' addresses.
package apidocs
