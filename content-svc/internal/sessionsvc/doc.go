// Package sessionsvc asks session-svc about streams.
package sessionsvc
