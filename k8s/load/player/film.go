package player

import (
	"fmt"
	"time"
)

// Film is a content whose playlist names pieces of one length.
type Film struct {
	Content string
	Length  time.Duration // of a piece
	Pieces  int
}

// PieceName returns the name of the nth piece, beside the playlist.
func PieceName(n int) string { return fmt.Sprintf("%05d.ts", n) }
