package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"streamgate/content-svc/internal/mediatime"
)

// content reads the parts of an upload as one file. It goes on reading a part that is open.
type content struct {
	ctx   context.Context //nolint:containedctx // of one publication
	files Files
	Upload
	kind Kind

	mu    sync.Mutex
	open  io.ReadSeeker
	part  part // that is open
	at    int64
	close func() error
}

// reader returns a reader of all of it.
func (c *content) reader() *io.SectionReader { return io.NewSectionReader(c, 0, c.Size) }

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) && err == nil {
		var read int
		read, err = c.readAt(p[n:], offset+int64(n))
		n += read
	}
	return n, err
}

// readAt reads some bytes, as io.Reader does.
func (c *content) readAt(p []byte, offset int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if offset >= c.Size {
		return 0, io.EOF
	}
	if c.open == nil || offset < c.part.offset || offset >= c.part.offset+c.part.size {
		if err := c.switchTo(offset); err != nil {
			return 0, err
		}
	}
	if c.at != offset {
		if _, err := c.open.Seek(offset-c.part.offset, io.SeekStart); err != nil {
			return 0, fmt.Errorf("upload: %w", err)
		}
		c.at = offset
	}
	n, err := c.open.Read(p)
	c.at += int64(n)
	if errors.Is(err, io.EOF) {
		err = nil // of the part
		if n == 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err //nolint:wrapcheck // of the store, which says what it is
}

func (c *content) switchTo(offset int64) error {
	if err := c.Close(); err != nil {
		return err
	}
	for _, p := range c.parts {
		if offset >= p.offset && offset < p.offset+p.size {
			file, err := c.files.Open(c.ctx, p.path)
			if err != nil {
				return err //nolint:wrapcheck // of the store, which says what it is
			}
			c.open, c.close, c.part, c.at = file.Content, file.Close, p, p.offset
			return nil
		}
	}
	return io.ErrUnexpectedEOF
}

// Close closes the part that is open.
func (c *content) Close() error {
	if c.open == nil {
		return nil
	}
	c.open = nil
	return c.close()
}

// whole is a mediatime.Store of the upload alone.
type whole struct{ *content }

// Open implements mediatime.Store.
func (w whole) Open(_ context.Context, _ string, offset, length int64) (io.ReadCloser, mediatime.File, error) {
	return io.NopCloser(io.NewSectionReader(w.content, offset, length)), mediatime.File{Size: w.Size}, nil
}
