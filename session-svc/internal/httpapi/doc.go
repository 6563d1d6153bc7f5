// Package httpapi serves the domain over HTTP: the public API on one engine, the API for the other services on another.
package httpapi
