// Package fault marks errors with a kind that callers can act on.
package fault
