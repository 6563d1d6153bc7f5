package blobstore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"streamgate/content-svc/internal/media"
)

// Write writes a file, which is there once the reader has ended, and not at all if it fails. It returns the reader's length, and
// the reader's error as it is.
func (s *Store) Write(ctx context.Context, path string, from io.Reader) (int64, error) {
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	w, err := s.bucket.NewWriter(ctx, path, &blob.WriterOptions{ContentType: media.ContentType(path)})
	if err != nil {
		return 0, failure(err)
	}
	source := &source{Reader: from}
	n, err := io.Copy(w, source)
	if err != nil {
		abandon() // before the end, so that nothing is written
		_ = w.Close()
		if source.err != nil {
			return n, source.err
		}
		return n, failure(err)
	}
	if err := w.Close(); err != nil {
		return n, failure(err)
	}
	return n, nil
}

// source remembers its own error, which is not the store's.
type source struct {
	io.Reader

	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err //nolint:wrapcheck // passes it on
}

// lists is how often a folder is listed that changes meanwhile.
const lists = 10

// List returns the files below a folder, whose name ends with a slash, in the order of their names.
func (s *Store) List(ctx context.Context, folder string) (entries []media.Entry, err error) {
	// Package fileblob gives up where a file goes away between its name and its size, as one does under which another was written.
	for range lists {
		if entries, err = s.list(ctx, folder); !errors.Is(err, media.ErrNotFound) {
			break
		}
	}
	return entries, err
}

func (s *Store) list(ctx context.Context, folder string) ([]media.Entry, error) {
	var entries []media.Entry
	for list := s.bucket.List(&blob.ListOptions{Prefix: folder}); ; {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, failure(err)
		}
		entries = append(entries, media.Entry{Path: object.Key, Size: object.Size, Modified: object.ModTime})
	}
}

// Delete deletes a file, if there is one, and the folders that are empty then.
func (s *Store) Delete(ctx context.Context, path string) error {
	err := s.bucket.Delete(ctx, path)
	if gcerrors.Code(err) == gcerrors.NotFound {
		err = nil
	}
	if err != nil {
		return failure(err)
	}
	if s.folder != "" {
		s.removeEmpty(path)
	}
	return nil
}

// removeEmpty removes the folders of a file that has been deleted, as long as there is nothing else in them.
func (s *Store) removeEmpty(path string) {
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path, '/') {
		path = path[:i]
		if os.Remove(filepath.Join(s.folder, filepath.FromSlash(path))) != nil {
			return
		}
	}
}
