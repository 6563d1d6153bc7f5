// Package screens watches real players watch. It runs the real services with two replicas, unmodified players in Chromium and ffmpeg, each on
// a line of its own whose bit rate it sets, and measures what a lease can't tell: how long pictures move, and whose.
//
// A player starts as a plain user of the API would: GET /content/:id/play, and the source that it answers goes to the player with the player's
// defaults. Nobody sends heartbeats. Positions are asked of the players twice a second, and the account's streams of session-svc at the same
// instants; what they add up to is the work of pure functions (track.go, sent.go).
package screens
