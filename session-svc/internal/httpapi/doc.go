// Package httpapi carries HTTP to the domain: the public API on one engine, what the other services ask on another.
package httpapi
