// Package redisstore keeps leases and device sessions in Redis, one Lua script a verb, one round trip a call.
//
// An account has two keys, under one hash tag, so that a script may touch both on a cluster:
//
//	l:{<account>}   a string: the account's leases and what is remembered of ended ones, packed (record.go)
//	s:{<account>}   a hash: session id → session (sessions.go)
//
// The leases are one packed value because then a verb is one GET and one SET, its propagation to replicas and to the append-only file one
// SET … PXAT, and an account one key of a few hundred bytes, whatever it did before. The count of live leases is taken from the value each
// time. Both keys expire by themselves.
package redisstore
