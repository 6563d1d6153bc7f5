package media

import (
	"cmp"
	"context"
	"io"
	"time"

	"streamgate/content-svc/internal/mediatime"
	"streamgate/libs/delivery"
	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/libs/pace"
)

// ErrNotFound is the answer to an address that opens nothing.
var ErrNotFound = fault.ErrNoPath

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

// Entry is a file in a list.
type Entry struct {
	Path     string
	Size     int64 // bytes
	Modified time.Time
}

// Player opens files for the bearers of grants, for as long as the grant's stream may play.
type Player struct {
	Keys    grant.Keys
	Streams *delivery.Keeper
	Clock   *mediatime.Clock
	Files   Files
}

// Playback is one file being played.
type Playback struct {
	*File
	*delivery.Stream

	Path     string // in the blob store
	timeline mediatime.Timeline
	flows    bool
}

// Open opens the file that an address means, once its stream may play. Its errors are those of delivery.Stream and of Files.
func (p *Player) Open(ctx context.Context, text, rest string) (*Playback, error) {
	g, err := p.Keys.Read(text) // for how long it is good, session-svc says
	if err != nil {
		return nil, ErrNotFound
	}
	path, ok := Resolve(g, rest)
	if !ok {
		return nil, ErrNotFound
	}
	stream := p.Streams.Stream(text, &g)
	if err := stream.Check(ctx); err != nil {
		return nil, err
	}
	file, err := p.Files.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	playback := &Playback{File: file, Stream: stream, Path: path}
	playback.timeline = p.Clock.Timeline(ctx, cmp.Or(g.Source(), path), path, mediatime.File{Size: file.Size, ETag: file.ETag})
	return playback, nil
}

// Begin says which range of the file is asked for. It reports whether that flows: a film in one file, and a range of more film than is sent
// at once, such as the rest of a file of all segments, which Chromium's own player asks for. Anything else is sent whole when it is due.
func (p *Playback) Begin(from, to int64) bool {
	p.flows = p.timeline.Kind == mediatime.Progressive || p.timeline.Kind == mediatime.Estimated ||
		p.timeline.Span(from, to).Duration > pace.Usual.First
	return p.flows
}

// Piece returns the film that a range of the file's bytes is.
func (p *Playback) Piece(from, to int64) pace.Piece {
	span := p.timeline.Span(from, to)
	return pace.Piece{Position: span.Position, Duration: span.Duration, Whole: p.flows, Unplaced: p.timeline.Kind == mediatime.Estimated}
}

// Shorten returns the end of the answer to a range of the file. A range of a file of segments that goes beyond the second one ends with the
// first: Chromium's own player asks for the rest of the file at each segment, takes what has come, and breaks off.
func (p *Playback) Shorten(from, to int64) int64 {
	if end, next := p.timeline.Segment(from); to > next {
		return end
	}
	return to
}

// Reach returns up to where the file can be sent from an offset on for so much film.
func (p *Playback) Reach(from int64, film time.Duration) int64 { return p.timeline.Reach(from, film) }
