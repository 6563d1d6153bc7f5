package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gocloud.dev/blob"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/fault"
)

// piece is how much of a blob one request asks for, in bytes. A player that goes away in the middle, as players do, wastes no more.
const piece = 8 << 20

// timeout bounds the request for a blob's attributes, and the wait for its next bytes. A bucket's client would go on trying for a minute, and wait
// for bytes for ever.
const timeout = 5 * time.Second

// openBlob opens a blob of a bucket. Nothing of its content is asked for before the first read.
func (s *Store) openBlob(ctx context.Context, path string) (*media.File, error) {
	asking, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	attributes, err := s.bucket.Attributes(asking, path)
	if err != nil {
		return nil, failure(err)
	}
	reading, stop := context.WithCancel(ctx)
	content := &reader{ctx: reading, stop: stop, bucket: s.bucket, path: path, size: attributes.Size, modified: attributes.ModTime}
	return &media.File{
		Content: content, Size: attributes.Size, Modified: attributes.ModTime, ETag: strongETag(attributes), Close: content.Close,
	}, nil
}

// strongETag returns the store's own ETag if it is strong, since that changes with the content and nothing else.
func strongETag(a *blob.Attributes) string {
	tag := strings.Trim(a.ETag, `"`)
	if tag == "" || strings.HasPrefix(a.ETag, "W/") || strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r == '"' || r > '~' }) {
		return fmt.Sprintf(`"%x-%x"`, a.ModTime.UnixNano(), a.Size)
	}
	return `"` + tag + `"`
}

// reader reads a blob piece by piece from where it was sought to.
type reader struct {
	ctx      context.Context    //nolint:containedctx // io.Reader has no room for it; it is the request's
	stop     context.CancelFunc // of ctx, for good
	bucket   *blob.Bucket
	path     string
	size     int64
	modified time.Time
	offset   int64
	open     *blob.Reader // the piece at offset, or nil
}

// errChanged means that a blob was replaced while it was read: halves of two blobs don't make one.
var errChanged = errors.New("the file has changed")

// errSlow means that a bucket began to answer and stopped.
var errSlow = errors.New("no bytes came for too long")

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if r.offset >= r.size {
		return 0, io.EOF
	}
	late := time.AfterFunc(timeout, r.stop)
	n, err := r.read(p)
	if !late.Stop() && err != nil {
		return n, fault.Away("The media store", fmt.Errorf("%s: %w: %w", r.path, errSlow, err))
	}
	return n, err
}

func (r *reader) read(p []byte) (int, error) {
	for {
		if r.open == nil {
			open, err := r.bucket.NewRangeReader(r.ctx, r.path, r.offset, min(piece, r.size-r.offset), nil)
			if err != nil {
				return 0, failure(err)
			}
			r.open = open
			if open.Size() != r.size || !open.ModTime().Equal(r.modified) {
				return 0, fmt.Errorf("%s: %w", r.path, errChanged)
			}
		}
		n, err := r.open.Read(p)
		r.offset += int64(n)
		if errors.Is(err, io.EOF) { // of the piece
			err = r.closePiece()
			if n == 0 && err == nil && r.offset < r.size {
				continue
			}
		}
		return n, err
	}
}

// Seek implements io.Seeker.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.offset
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("%s: seek before its beginning", r.path)
	}
	if offset != r.offset {
		r.offset = offset
		return offset, r.closePiece()
	}
	return offset, nil
}

// Close implements io.Closer.
func (r *reader) Close() error {
	defer r.stop()
	return r.closePiece()
}

func (r *reader) closePiece() error {
	if r.open == nil {
		return nil
	}
	open := r.open
	r.open = nil
	return open.Close()
}
