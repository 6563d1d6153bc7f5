package mediatime

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// header is what the index of a film in one file says.
type header struct {
	file   File
	kind   Kind
	pieces []piece
	again  time.Time // when to read it again; the zero time for never
}

var (
	errNoIndex  = errors.New("no index and no duration")
	errStrange  = errors.New("neither MP4 nor WebM")
	errBroken   = errors.New("broken")
	errNotMedia = errors.New("an initialization segment") // of no film itself
)

// single returns the timeline of a file that no playlist names.
func (c *Clock) single(ctx context.Context, name string, file File) Timeline {
	switch class := classOf(name); {
	case class == unknown, class != container && file.Size > MaxPlaylist:
		return c.estimated(file.Size)
	case class != container:
		return Timeline{Kind: Free, size: file.Size}
	}
	return c.byIndex(ctx, name, file)
}

// byIndex returns the timeline of a film in one file.
func (c *Clock) byIndex(ctx context.Context, name string, file File) Timeline {
	h, ok := c.headers.get(name)
	if !ok || !h.goodFor(file, c.Now()) {
		h = c.readHeader(ctx, name, file)
	}
	if h == nil || h.kind == Estimated || h.file != file {
		return c.estimated(file.Size)
	}
	return Timeline{Kind: h.kind, size: file.Size, pieces: h.pieces}
}

func (h *header) goodFor(file File, now time.Time) bool {
	return h.file == file && (h.again.IsZero() || now.Before(h.again))
}

// readHeader reads the index of a file, together with whoever else wants to. It is nil when the context ends before.
func (c *Clock) readHeader(ctx context.Context, name string, file File) *header {
	done := c.reading.DoChan("header "+name+"\n"+file.ETag, func() (any, error) {
		if h, ok := c.headers.get(name); ok && h.goodFor(file, c.Now()) {
			return h, nil
		}
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
		defer cancel()
		h := c.decode(within, name, file)
		c.headers.put(name, h, int64(len(h.pieces))*40+100)
		return h, nil
	})
	select {
	case answer := <-done:
		h, _ := answer.Val.(*header)
		return h
	case <-ctx.Done():
		return nil
	}
}

// decode reads the index of a file. What it can't be read from now, it may be later.
func (c *Clock) decode(ctx context.Context, name string, file File) *header {
	h := &header{file: file, kind: Estimated}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		h.again = c.Now().Add(oftenFilm)
		return h
	}
	r := &ranges{ctx: ctx, open: c.Store.Open, name: name, file: file, left: MaxHeader}
	pieces, err := safely(r.index)
	switch {
	case errors.Is(err, errNotMedia):
		h.kind = Free
		return h
	case err == nil && !c.believable(pieces, file.Size):
		err = errors.New("more or less film than its bytes can be")
	case r.failed:
		h.again = c.Now().Add(oftenFilm)
	}
	if err != nil {
		c.tell(ctx, name, file.ETag, "a film's index can't be used", "error", err)
		return h
	}
	h.kind, h.pieces = Progressive, pieces
	return h
}

// believable says whether a film's index may be right: the whole film, and each piece that has much of the file.
func (c *Clock) believable(pieces []piece, size int64) bool {
	if len(pieces) == 0 {
		return false
	}
	last := pieces[len(pieces)-1]
	if !c.plausible(size, last.sent+last.dur) {
		return false
	}
	for _, p := range pieces {
		if p.end-p.offset > size/8 && !c.plausible(p.end-p.offset, p.dur) {
			return false
		}
	}
	return true
}

// index reads whichever index the file has.
func (r *ranges) index() ([]piece, error) {
	head, err := r.at(0, min(headBytes, r.file.Size))
	if err != nil {
		return nil, err
	}
	r.head = head
	switch {
	case bytes.HasPrefix(head, []byte{0x1A, 0x45, 0xDF, 0xA3}):
		return r.webm()
	case len(head) >= 8 && plainType(head[4:8]):
		return r.mp4()
	default:
		return nil, errStrange
	}
}

// evenly returns the pieces of a film whose media time grows with its bytes from an offset on.
func evenly(offset, size int64, d time.Duration) ([]piece, error) {
	if d <= 0 || offset >= size {
		return nil, errNoIndex
	}
	return []piece{{offset: offset, end: size, dur: d}}, nil
}

// maxPieces is the most pieces of a film in one file, and finest the shortest of them: a second is what pace needs.
const (
	maxPieces = 4096
	finest    = time.Second
)

// point is a place of a file with its media time.
type point struct {
	offset int64
	at     time.Duration
}

// join makes pieces of the points of a film, each up to the next, the last up to end. It leaves out points that are too close, gives up
// if they don't rise, and cuts off what the file doesn't have.
func join(points []point, end point, size int64) ([]piece, error) {
	if len(points) == 0 {
		return nil, errNoIndex
	}
	step := max(finest, (end.at-points[0].at)/maxPieces)
	var pieces []piece
	add := func(from, to point) error {
		if to.offset <= from.offset || to.at < from.at {
			return errBroken
		}
		if from.offset >= size {
			return nil
		}
		if to.offset > size {
			to.at = from.at + time.Duration(share(int64(to.at-from.at), size-from.offset, to.offset-from.offset))
			to.offset = size
		}
		pieces = append(pieces, piece{from.offset, to.offset, from.at, to.at - from.at, from.at - points[0].at})
		return nil
	}
	from, before := points[0], points[0]
	for _, p := range append(points[1:], end) {
		if p.offset < before.offset || p.at < before.at {
			return nil, errBroken
		}
		before = p
		if p == end || p.at-from.at >= step && p.offset > from.offset {
			if err := add(from, p); err != nil {
				return nil, err
			}
			from = p
		}
	}
	if len(pieces) == 0 {
		return nil, errBroken
	}
	return pieces, nil
}
