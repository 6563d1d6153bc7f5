// Package stack runs real Redis servers and the real services on this machine, as processes that end with this one.
package stack
