// Package stream is the stream rule: an account holds at most its limit of live leases, and no player is refused while a slot is free.
//
// A player that may play holds a lease, which it renews by fetching video or with a heartbeat. A lease moves along these lines and no others:
//
//	       start                     a lease's time without renewal
//	(none) ─────▶ live ─────────────────────────────────────────────▶ lapsed
//	               │ ▲                                                 │ │
//	               │ └───────────── renew, while a slot is free ───────┘ │
//	               │                                                     │
//	               │ stop, replace, terminate, end of session, evict     │
//	               ▼                                                     │
//	             ended ◀─────────────────────────────────────────────────┘
//	               │
//	               ▼ after Remember
//	             (none)
//
// Live and lapsed differ by the clock alone, so a player that crashed frees its slot without any clean-up, and the live leases are counted
// each time their number matters; the number is never stored. The clock is the store's. Those of services and clients take no part in a
// decision.
//
// Ended is final: a heartbeat that comes late doesn't bring a stream back. The store remembers for a while why a stream ended and who
// ended it, so that its player can say so.
//
// Every verb is idempotent by stream id, since clients, proxies and the store's own client repeat requests that got no answer.
package stream
