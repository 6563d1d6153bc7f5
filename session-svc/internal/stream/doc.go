// Package stream is the stream rule: an account holds at most its limit of live leases, and nobody is refused while a slot is free.
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
// Live and lapsed differ by the clock alone, so a player that crashed frees its slot with no clean-up, and the number of live leases is
// counted from the leases each time it matters, never kept beside them. That clock is the store's. Neither a service's nor a client's
// takes part in a decision.
//
// Ended is final: a heartbeat that comes late doesn't bring a stream back. The store remembers for a while why a stream ended, so that
// its player can say so, and who did it.
//
// Every verb is idempotent by stream id, since clients, proxies and the store's own client repeat what they got no answer to.
package stream
