// Package history records what clients asked, what they were answered, and when, on one monotonic clock.
package history
