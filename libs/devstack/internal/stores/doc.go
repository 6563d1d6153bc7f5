// Package stores runs the databases that Streamgate needs on a machine that may have none.
package stores
