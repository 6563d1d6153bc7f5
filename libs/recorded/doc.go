// Package recorded has the forms in which user-svc and session-svc tell each other of sessions that user-svc records, and of ends.
package recorded
