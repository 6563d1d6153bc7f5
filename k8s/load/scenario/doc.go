// Package scenario breaks one thing at a time while many players watch, and returns a verdict on what they saw.
package scenario
