// Package video is the catalogue: what there is to play, and where it is.
//
// Only session-svc, which starts streams, is told where (Content.Src). Everybody else gets an address from it, for as long as their stream
// lives.
package video
