package blobstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"streamgate/content-svc/internal/media"
)

// sidecar is the ending of the files in which package fileblob keeps metadata.
const sidecar = ".attrs"

// openFile opens a file of the folder. A file behind a symbolic link is not served, wherever the link leads. Package fileblob would open a
// second file for each, of metadata that nothing here needs, and take as long as all the rest of a small answer.
func (s *Store) openFile(path string) (*media.File, error) {
	if strings.HasSuffix(path, sidecar) {
		return nil, media.ErrNotFound
	}
	plain, err := s.plain(path)
	if err != nil {
		return nil, err
	}
	// What has become a link or a pipe since we looked is not followed, or waited for.
	file, err := os.OpenFile(filepath.Join(s.folder, path), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, failure(err)
	}
	info, err := file.Stat()
	if err == nil && !os.SameFile(plain, info) {
		err = media.ErrNotFound // replaced by a link since we looked
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("media store: %w", err)
	}
	return &media.File{
		Content: file, Size: info.Size(), Modified: info.ModTime(), Close: file.Close,
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
