// Package audience is an open-loop load: many people watch for a long time, while others come and go. Each request has
// its time, whatever became of the earlier ones, and each counts: its latency is the time since it was due.
package audience
