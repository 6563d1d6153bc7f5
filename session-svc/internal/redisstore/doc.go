// Package redisstore keeps leases and device sessions in Redis, one Lua script a verb, one round trip a call.
//
// An account has two keys, under one hash tag, so that a script may touch both on a cluster:
//
//	a:{<account>}   a string: what the account plays, and what is remembered of what it played, packed (record.go)
//	s:{<account>}   a hash: session id → session, and what is known of the account (sessions.go)
//
// Where other systems are told what happens, there is a third one: a:{<account>}:events, a hash of what some of them have not got (outbox.go).
//
// # Why one packed value
//
// Three ways of keeping the leases were measured side by side, by make bench (part structures) on Redis 7.0 with 12,000 accounts of three streams
// each: µs inside the script to start, renew, refuse and stop; bytes of used_memory by account; commands and bytes propagated to a replica and the
// append-only file by a start, a renewal and a stop, with the expiry and the publication of the change.
//
//	                                 start  renew  refuse  stop   memory   propagated
//	one packed value                 36     33     38      23     251      5.7, 277 B   1.0, 242 B   4.0, 329 B
//	a HASH of packed leases          32     27     35      27     382      5.0, 293 B   4.0, 235 B   5.0, 277 B
//	a ZSET of expiries with a HASH   50     31     46      29     627      7.0, 460 B   5.0, 269 B   6.7, 391 B
//
// The packed value wins where it counts most: an account takes the least (up to 340 bytes where the server's own tables have just grown), and a
// renewal, which is nine of ten calls, is one SET … PXAT for replicas and log instead of a transaction. It paid with a fifth more of script
// time than the HASH in a renewal, since Lua read the value's numbers byte by byte; Redis' struct library does that now. The ZSET, which is
// the usual answer, loses to both but in the script time of a renewal. The two that lost are kept in the benchmark alone.
//
// The count of live leases is taken from the value each time. Both keys expire by themselves.
//
// # Round trips
//
// Calls that are made at the same time go in one pipeline, on a Cluster in one for each node (group.go). Measured side by side under 64
// connections, a heartbeat then takes half of what it took of the service's CPU and of Redis'.
package redisstore
