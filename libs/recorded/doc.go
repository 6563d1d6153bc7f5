// Package recorded has the form in which user-svc and session-svc tell each other of a session, which user-svc records.
package recorded
