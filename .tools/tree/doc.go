// Package tree checks that only what may be committed is committed.
package tree
