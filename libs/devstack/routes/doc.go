// Package routes maps public paths to services.
package routes
