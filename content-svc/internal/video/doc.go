// Package video is the catalogue: what there is to play, and where it is.
//
// Only session-svc, which starts streams, learns where (Content.Src). Clients get an address from it that works as long as their stream
// lives.
package video
