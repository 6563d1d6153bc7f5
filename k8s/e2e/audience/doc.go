// Package audience is an open-loop load: many people who watch for long, while others come and go. Each request has its time, whatever became
// of the ones before, and each counts: its latency is the time from when it was due.
package audience
