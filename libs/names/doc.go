// Package names checks the names and texts that people give to things.
package names
