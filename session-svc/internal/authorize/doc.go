// Package authorize decides for servers that are not ours whether a request may be answered.
//
// Such a server, or the proxy before it, asks about each request before it answers it. Whoever asked comes with a grant, which a start has
// given, or with an access token:
//
//	grant    names its stream. It opens what the stream plays: see Request.
//	token    names an account and a device session. The first request for a content by a player starts a stream; the next ones are its.
//
// Then the request is one of a stream's, as a fetch at content-svc is: it renews the lease, and how much film it stands for, if the server
// says so, holds the slot until that has been played and is paid from the account's budget. Package delivery remembers what was decided, for
// a third of a lease, and asks behind the player's back. So a decision is one look into memory, and an end counts within a second.
//
// # Two replicas
//
// Nothing is pinned to a replica. A stream that a token starts has a name that follows from the session, the content and the player, so each
// replica that meets the token first starts the same stream. For Rules.Remember after its end it stays ended; after that, it is a new one.
package authorize
