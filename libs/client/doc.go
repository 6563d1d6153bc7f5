// Package client is a device of Streamgate's that is written in Go.
//
// It signs in and stays so, starts streams, keeps them by heartbeats, and says in types why one is refused or has ended:
//
//	*RefusedError   all places of the account are taken; it names who takes them, and each can be taken over
//	*EndedError     the stream has ended for good, by whom
//	*Problem        anything else that Streamgate answers, with its stable code
//
// Whatever isn't one of these is no answer at all. A source outside of Streamgate needs the heartbeats; a player that fetches the video from
// Streamgate needs none, and frees its place sooner with them when it crashes.
package client
