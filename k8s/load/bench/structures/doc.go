// Package structures compares ways of keeping an account's leases in Redis.
//
// The winner is session-svc's own: one packed value by account. The others are here as Lua of the same start, renew and stop.
package structures
