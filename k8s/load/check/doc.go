// Package check checks a history of client requests against the stream rule.
//
// The checks are functions of the history alone. They know no secret of the service, only what clients were told. Each
// is sound: what it reports did happen, whatever became of the requests that got no answer. So where something is
// uncertain, a check assumes what is best for the service, and the other checks see to it that no fault stays hidden by
// that.
//
// # The clock
//
// The service's times are those of its store's clock, in whole milliseconds. A heartbeat that was answered tells the instant of its decision
// to the millisecond, since its lease expires one lease later; so does a start. That instant lies between the call and the return, which
// bounds the distance between the store's clock and the recorder's from both sides, and all these bounds together to about the time of the
// fastest request. If no distance satisfies all of them, the times don't come from one clock: that is a finding of its own. Steps of the clock
// that the prover made itself are taken out first; no request is under way while it makes them.
//
// # Leases: at no instant more than the limit, by the server's own times
//
// A lease surely lived from the decision of an answered start or heartbeat to the expiry that was answered, or to the
// earliest moment at which something may have ended it: the decision of a granted start that replaces it, the call of a
// stop or a sign-out. Whatever else a lease may
// have lived is not counted. Leases sweeps over these spans; more than the limit at one instant means that so many
// players had been told that they may play at that instant. A list or a refusal that shows more leases than the limit
// is the same, in one answer. A lease that a start was granted without an answer may be taken back at once, since nobody plays by it: it
// counts where an answer shows it.
//
// # Served: the same from first byte to last byte, on the recorder's clock
//
// Each replica of content-svc asks about a stream once in a third of a lease and goes on with the answer. So a request
// served at t means that the lease lived at some instant between t less a third of a lease and t. If this instant of
// one request and that of the next are at most a lease apart, then the lease didn't lapse in between, and since an end
// is final, it lived all the time. So a stream whose requests follow closely lived from its first byte to a third of a
// lease before its last request: Served sweeps over these spans. The slack is what the service promises: an ended
// stream stops within a third of a lease. While the store or session-svc is away, content-svc serves on for a lease of
// grace, and such times are left out here; Grace checks that they end.
//
// # Refusals: no request is refused while a slot is free
//
// A refusal lists the leases that took the slots. It is right if there was one instant between its call and its return
// at which all of them, at least as many as the limit and none that the request would have replaced, may have lived:
// each was started by a request of the history at the time that it shows, each expiry follows from a request that may
// have renewed it, none had lapsed, and none had been ended by a request that was answered before. A refusal that is
// not right was decided on something that no order of the requests explains. A heartbeat that is turned away while its
// lease surely lives is counted as one too.
//
// # Ends
//
// What has ended stays ended: no heartbeat is answered after an answered stop, no request of a session after its
// sign-out, no byte comes more than a second after it, or a third of a lease while content-svc isn't told of ends. Each reason that is
// told for an end is the doing of some request. One Idempotency-Key is one stream.
//
// # Film: a slot is a screen
//
// What a player received is counted in seconds of film, by the pieces that came whole. Three functions of it are checked (P8). An account's film
// is held against a bucket that runs out as fast as all its slots may be sent film. A player that goes forward shows each second once, so it
// surely has film to play until all that came is played: until then its stream is a screen, and no more screens than the limit may be on at
// once unless somebody ended one. By the same reckoning, what a stream was sent ahead of play is held against what it may be. A seek throws
// away what was ahead, so that each of these is what the player has at the least.
//
// # Hold
//
// After the store lost its memory, nothing starts for one lease, so that running streams can put themselves back first.
//
// # Linearizable
//
// The whole rule, as a sequential program, explains the answers of an account in an order that respects real time. See Linearizable.
package check
