// Package names checks the names, texts and addresses that people give to things.
package names
