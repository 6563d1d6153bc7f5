// Package bind reads the input of a request strictly: no field unknown, no field twice, no byte left over.
package bind
