// Package fault gives errors a kind that callers can act on.
package fault
