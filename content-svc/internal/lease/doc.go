// Package lease asks whether a stream may play, seldom enough to be cheap and often enough to be true.
//
// Each replica remembers, for each stream that it plays, what session-svc said last and when to ask again. The question also renews the
// stream's lease, so a player that just fetches video needs no heartbeat:
//
//	what session-svc said    what the player gets                                    asked again after
//	renewed                  its bytes                                               a third of the lease
//	ended                    410 stream_ended, with the reason and by whom           never: the end is final
//	no slot is free          403 stream_limit_reached, with what is playing          RefusedFor
//	no such stream           404                                                     RefusedFor
//	nothing (it is away)     its bytes, to the end of the lease and one more;        a third of the lease, at least FailedFor
//	                         then 503
//
// A third, so that one lost question costs nobody a lease, and so that a stream that was ended stops within seconds everywhere.
//
// A stream that this replica has not asked about before session-svc went away plays only if its grant is younger than one lease, and so
// its first lease can't have lapsed; its time then counts from its start.
//
// Times are those of this replica's clock, counted from the moment before the question was sent. They decide nothing but when to ask and,
// while nobody answers, how long to go on.
package lease
