package media

import (
	"context"
	"io"

	"streamgate/content-svc/internal/mediatime"
)

// Ranges is a mediatime.Store of files.
type Ranges struct{ Files }

// Open implements mediatime.Store.
func (r Ranges) Open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, mediatime.File, error) {
	file, err := r.Files.Open(ctx, name)
	if err != nil {
		return nil, mediatime.File{}, err
	}
	if _, err := file.Content.Seek(offset, io.SeekStart); err != nil {
		_ = file.Close()
		return nil, mediatime.File{}, err //nolint:wrapcheck // of the store, which says what it is
	}
	return rangeReader{io.LimitReader(file.Content, length), file.Close}, mediatime.File{Size: file.Size, ETag: file.ETag}, nil
}

type rangeReader struct {
	io.Reader

	close func() error
}

// Close implements io.Closer.
func (r rangeReader) Close() error { return r.close() }
