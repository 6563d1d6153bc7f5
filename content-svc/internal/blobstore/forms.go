package blobstore

import (
	"context"
	"errors"
	"path"

	"golang.org/x/text/unicode/norm"

	"streamgate/content-svc/internal/media"
)

// Open implements media.Files. Where there is no file at the path as it is written, one whose name has the same characters in another form of
// Unicode is meant: keyboards write é as one character, and files that come from a Mac are often named with two.
func (s *Store) Open(ctx context.Context, name string) (*media.File, error) {
	file, err := s.open(ctx, name)
	if !errors.Is(err, media.ErrNotFound) {
		return file, err
	}
	for _, other := range forms(name) {
		if file, err := s.open(ctx, other); !errors.Is(err, media.ErrNotFound) {
			return file, err
		}
	}
	return nil, err
}

func (s *Store) open(ctx context.Context, name string) (*media.File, error) {
	if s.folder != "" {
		return s.openFile(name)
	}
	return s.openBlob(ctx, name)
}

// forms returns the other ways to write a path: each form for its folder with each for its file, since the two may come from different machines.
func forms(name string) (others []string) {
	folder, file := path.Split(name)
	seen := map[string]bool{name: true}
	for _, f := range variants(folder) {
		for _, v := range variants(file) {
			if other := f + v; !seen[other] {
				seen[other] = true
				others = append(others, other)
			}
		}
	}
	return others
}

func variants(text string) []string {
	return []string{text, norm.NFC.String(text), norm.NFD.String(text)}
}
