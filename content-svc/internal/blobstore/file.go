package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"gocloud.dev/blob"

	"streamgate/content-svc/internal/media"
)

// sidecar is the ending of the files in which package fileblob keeps metadata.
const sidecar = ".attrs"

// openFile opens a file of the folder. A file behind a symbolic link is not served, wherever the link leads.
func (s *Store) openFile(ctx context.Context, path string) (*media.File, error) {
	if strings.HasSuffix(path, sidecar) {
		return nil, media.ErrNotFound
	}
	plain, err := s.plain(path)
	if err != nil {
		return nil, err
	}
	var file *os.File
	reader, err := s.bucket.NewRangeReader(ctx, path, 0, -1, &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error {
		if !as(&file) {
			return errors.New("no file behind it")
		}
		return nil
	}})
	if err != nil {
		return nil, failure(err)
	}
	info, err := file.Stat()
	if err == nil && !os.SameFile(plain, info) {
		err = media.ErrNotFound // replaced by a link since we looked
	}
	if err != nil {
		_ = reader.Close()
		return nil, fmt.Errorf("media store: %w", err)
	}
	return &media.File{
		Content: file, Size: info.Size(), Modified: info.ModTime(), Close: reader.Close,
		ETag: fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()),
	}, nil
}

// plain looks at each part of a path without following links, and returns the info of the file.
func (s *Store) plain(path string) (fs.FileInfo, error) {
	name := s.folder
	var info fs.FileInfo
	for segment := range strings.SplitSeq(path, "/") {
		if info != nil && !info.IsDir() {
			return nil, media.ErrNotFound
		}
		var err error
		name = filepath.Join(name, segment)
		switch info, err = os.Lstat(name); {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENAMETOOLONG):
			return nil, media.ErrNotFound
		case err != nil:
			return nil, failure(err)
		}
	}
	if !info.Mode().IsRegular() {
		return nil, media.ErrNotFound
	}
	return info, nil
}
