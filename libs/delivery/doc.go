// Package delivery says whether, and when, a piece of film may be sent to a stream.
//
// An authority, session-svc, decides which streams play. Each replica of a sender remembers, for each stream that it sends, what it said
// last, and renews the stream's lease by what it sends. So a player that just fetches video needs no heartbeat:
//
//	what session-svc said    what the player gets                                    asked again
//	renewed                  its bytes, at the pace of package pace                  a third of a lease later, if anything was sent
//	ended                    410 stream_ended, with the reason and by whom           never: the end is final
//	no slot is free          403 stream_limit_reached, with what is playing          RefusedFor later
//	no such stream           404                                                     RefusedFor later
//	nothing (it is away)     its bytes, to the end of the lease and one more;        a third of the lease later, at least FailedFor
//	                         then 503
//
// # What is asked, and when
//
// A player waits for an answer only when nothing is known that still holds: at the first sight of a stream, and after its lease has
// lapsed. All other questions are asked behind its back, many in one call. A question carries how much film the stream was sent, for
// which its slot is held until that has been played, and how much is to be sent next. For the latter the answer gives credit, from the
// budget of the whole account: what is shared, repeated or restarted gets no more than the account's screens can play.
//
// # Ends
//
// session-svc tells of each end as it happens (Ended). What is being sent then is cut off. After the connection that tells of ends was
// broken, all streams that are being sent are asked about (Missed).
//
// # Times
//
// They are those of this replica's clock, counted from the moment before a question was sent. They decide when to ask, how fast to send
// and, while nobody answers, how long to go on; never who plays.
package delivery
