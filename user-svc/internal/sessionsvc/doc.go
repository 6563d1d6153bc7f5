// Package sessionsvc asks session-svc about device sessions.
package sessionsvc
