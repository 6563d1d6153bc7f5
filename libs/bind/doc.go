// Package bind reads the input of a request strictly: nothing unknown, nothing twice, nothing left over.
package bind
