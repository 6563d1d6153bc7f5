// Package stream is the stream rule: an account holds at most its limit of live leases, and no player is refused while a slot is free.
//
// A player that may play holds a lease, which it renews by fetching video or with a heartbeat. A lease moves along these lines and no others:
//
//	       start             a lease's time without a sign of life, and all film played
//	(none) ─────▶ live ─────────────────────────────────────────────▶ lapsed
//	               │ ▲                                                 │ │
//	               │ └───────────── renew, while a slot is free ───────┘ │
//	               │                                                     │
//	               │ stop, replace, terminate, end of session, evict     │
//	               ▼                                                     │
//	             ended ◀─────────────────────────────────────────────────┘
//	               │
//	               ▼ after Remember; a lapsed one after Resume
//	             (none)
//
// A lease is a screen, not a request. A player that fetches plays from what it fetched, so its lease lives until what the stream was sent has
// been played, Rules.Ahead at most. A player that sends heartbeats lives by these, one lease at a time. One that says that it is paused holds
// its slot for Rules.Pause, and one that says that it is at the end for no longer; both may go on later, if a slot is free. What an account is
// sent in all is bounded by Rules.Budget, so that nothing is gained by sharing an address, or by starting and stopping; Rules.Starts bounds
// the starts.
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
