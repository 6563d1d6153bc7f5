package media

import (
	"context"
	"io"
	"time"

	"streamgate/content-svc/internal/lease"
	"streamgate/libs/fault"
	"streamgate/libs/grant"
)

// The answers to an address that opens nothing.
var (
	ErrNotFound = fault.ErrNoPath
	ErrExpired  = fault.New(fault.Gone, "grant_expired", "This address has expired; start a stream again to get a new one.")
)

// Files is where the files are.
type Files interface {
	// Open opens the file at a valid path. Its errors are ErrNotFound, also for what is no plain file, and fault.Unavailable when
	// the store doesn't answer. The context ends with the last read.
	Open(ctx context.Context, path string) (*File, error)
}

// File is an open file. Its user closes it.
type File struct {
	// Content is the *os.File itself where there is one, so that the kernel can copy it to a connection.
	Content  io.ReadSeeker
	Size     int64 // bytes
	Modified time.Time
	ETag     string // strong and in quotes, as in RFC 9110, section 8.8.3
	Close    func() error
}

// Player opens files for the bearers of grants, for as long as the grant's stream may play.
type Player struct {
	Keys   grant.Keys
	Leases *lease.Keeper
	Files  Files
	Now    func() time.Time
}

// Playback is one file being played.
type Playback struct {
	*File

	Path   string // in the blob store
	player *Player
	text   string
	grant  grant.Grant
}

// Open opens the file that an address means, once its stream may play. Its errors are those of lease.Keeper, those of Files, and ErrExpired.
func (p *Player) Open(ctx context.Context, text, rest string) (*Playback, error) {
	g, err := p.Keys.Read(text) // whose grant it is and whether its time has come are different answers
	if err != nil {
		return nil, ErrNotFound
	}
	path, ok := Resolve(g, rest)
	if !ok {
		return nil, ErrNotFound
	}
	playback := &Playback{Path: path, player: p, text: text, grant: g}
	if err := playback.Continue(ctx); err != nil {
		return nil, err
	}
	if playback.File, err = p.Files.Open(ctx, path); err != nil {
		return nil, err
	}
	return playback, nil
}

// Continue reports whether the stream may still play. It is cheap, and means that the client has taken what it was sent.
func (p *Playback) Continue(ctx context.Context) error {
	if p.player.Now().After(p.grant.Expires) {
		return ErrExpired
	}
	return p.player.Leases.Check(ctx, p.text, &p.grant)
}
