// Package sessionsvctest stands in for session-svc in tests.
package sessionsvctest
