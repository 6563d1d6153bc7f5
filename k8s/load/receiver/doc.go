// Package receiver is another system that takes events by webhook, goes away and comes back, and remembers what came.
package receiver
