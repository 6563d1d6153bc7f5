package mediatime

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Store is where the files are.
type Store interface {
	// Open opens length bytes of a file from an offset on, fewer if it ends before, and says which file it is. Its reader is closed.
	// The context ends with the last read.
	Open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, File, error)
}

// File says which version of a file it is.
type File struct {
	Size int64 // bytes
	ETag string
}

var (
	errTooLong = errors.New("longer than is read")
	errChanged = errors.New("the file changed while it was read")
	errShort   = errors.New("the file ends too early")
)

// readAll reads a file of at most MaxPlaylist bytes, unless its ETag is known already; then it returns nil.
func (c *Clock) readAll(ctx context.Context, name, known string) ([]byte, File, error) {
	r, file, err := c.Store.Open(ctx, name, 0, MaxPlaylist+1)
	if err != nil {
		return nil, File{}, err
	}
	defer r.Close()
	if known != "" && file.ETag == known {
		return nil, file, nil
	}
	text, err := io.ReadAll(io.LimitReader(timely{ctx, r}, MaxPlaylist+1))
	if err == nil && len(text) > MaxPlaylist {
		err = errTooLong
	}
	if text == nil {
		text = []byte{}
	}
	return text, file, err
}

// ranges reads one version of a file piece by piece, up to MaxHeader bytes in all.
type ranges struct {
	ctx  context.Context //nolint:containedctx // of one reading of one file
	open func(ctx context.Context, name string, offset, length int64) (io.ReadCloser, File, error)
	name string
	file File
	left int    // bytes that may be read
	head []byte // the first bytes

	failed bool // the store's fault, not the file's
}

// headBytes are read first: the index of a film that was made for streaming is often in them.
const headBytes = 64 << 10

// shortest is the cost of a read: a hundred thousand reads of a few bytes are as bad as one of many.
const shortest = 64 << 10

// at returns length bytes from an offset on.
func (r *ranges) at(offset, length int64) ([]byte, error) {
	if offset < 0 || length < 0 || offset > r.file.Size-length {
		return nil, errShort
	}
	if offset+length <= int64(len(r.head)) {
		return r.head[offset : offset+length], nil
	}
	r.left -= int(max(length, shortest))
	if r.left < 0 {
		return nil, errTooLong
	}
	text, err := r.read(offset, length)
	r.failed = r.failed || err != nil
	return text, err
}

func (r *ranges) read(offset, length int64) ([]byte, error) {
	body, file, err := r.open(r.ctx, r.name, offset, length)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if file.ETag != r.file.ETag {
		return nil, errChanged
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(timely{r.ctx, body}, text); err != nil {
		return nil, fmt.Errorf("read at %d: %w", offset, err)
	}
	return text, nil
}

// timely ends reading with the context, also from a store that doesn't.
type timely struct {
	ctx context.Context //nolint:containedctx // of one reading of one file
	io.Reader
}

func (t timely) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	return t.Reader.Read(p)
}
