// Package pace says when a piece of film may be sent, so that a stream is never sent much more than its screen can have played.
//
// A player plays a second of film in a second, from the place where it began or to which it last seeked. So where it is now follows from
// that place and from the time, and what it was sent beyond is ahead of play. A piece is due when, with it, the stream is no further
// ahead than its bound:
//
//	              play                   sent                 bound
//	film  ──────────┼──────────────────────┼─────────────────────┼──────▶
//	                ╰──────── ahead ───────╯
//
// The bound is Ahead for a playlist that is played from its start. It is First after a seek and for a film in one file, and then grows by
// a quarter of what is played until it is Ahead too: so a seek plays at once, and one file flows at a quarter more than its own speed.
//
// A player that runs out of film waits where it is; so does one that is paused, once what it was sent could have been played. A request
// between play and what was sent is of a player that changes its rendition. Any other request out of order is a seek.
//
// Each replica of content-svc counts what it sends itself. A player that takes all it gets, and whose requests spread over several replicas,
// gets further ahead: what lies between two requests that one replica sees looks like a seek, if it is more than the slack. Then the account's
// budget is what bounds it.
//
// What players make of this was measured: of all ways to bound what is ahead, this one costs hls.js, video.js, dash.js, Shaka and
// Chromium's own player neither a stall nor their highest rendition.
package pace
