// Package routes says which service answers which public path.
package routes
