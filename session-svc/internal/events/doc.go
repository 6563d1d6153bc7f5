// Package events tells other systems what happens to accounts: at least once, and in order for each account.
//
// What happened is written down by the script that decided it, in the same step (package redisstore), so that no kill of any process parts the
// two, and a start pays no second round trip. A Relay in each replica takes it from there to the sinks: webhooks and NATS JetStream. Each sink has
// its own place in an account's events, its own workers and its own pauses, so that one that is down holds no other back.
//
// A stream's events are these, in this order and no other:
//
//	started  (lapsed  resumed)*  [lapsed]  [ended]
//
// A stream is over when it has ended, or has lapsed and isn't resumed; it can be resumed for as long as Rules.Resume. Nobody does a lapse, so it
// is told by whatever sees it first: a start or a renewal that takes its slot, or a look at the account soon after its time.
//
// A receiver tells repetitions by the id, which is the account and the event's number in it. Redis keeps what is not delivered yet: what Redis
// loses with its memory is lost, as the leases are, and a stream that puts itself back afterwards is told as resumed.
package events
