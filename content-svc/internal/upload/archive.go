package upload

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/mediatime"
)

// Bounds of an archive's own structure.
const (
	maxDirectory = 16 << 20 // bytes that a zip's directory may have: about 200 for each file
	readAhead    = 256 << 10
)

var errUnsafe = errors.New("a name in it leads elsewhere")

// archive copies the files of a tar or zip one by one, and then checks that they are a whole film.
func (u *Uploads) archive(ctx context.Context, c *content, place string) (Film, error) {
	x := &extraction{uploads: u, place: place, left: u.Limits.Film, names: map[string]bool{}}
	var err error
	if c.kind == Zip {
		err = x.zip(ctx, c)
	} else {
		err = x.tar(ctx, c)
	}
	if err != nil {
		return Film{}, unusable(err)
	}
	src, err := x.source(ctx)
	if err != nil {
		return Film{}, unusable(err)
	}
	facts, err := mediatime.InspectPlaylist(ctx, media.Ranges{Files: u.Files}, src, x.list())
	if err != nil {
		return Film{}, unusable(err)
	}
	return Film{src, newFilm(facts)}, nil
}

// extraction is of one archive.
type extraction struct {
	uploads *Uploads
	place   string
	left    int64 // bytes that may still come
	names   map[string]bool
}

func (x *extraction) zip(ctx context.Context, c *content) error {
	directory := &bounded{from: c, left: maxDirectory}
	archive, err := zip.NewReader(directory, c.Size)
	if err != nil {
		if directory.left < 0 {
			return fmt.Errorf("it has more than %d files", x.uploads.Limits.Files)
		}
		return fmt.Errorf("it is no zip: %w", err)
	}
	directory.left = -1 << 62 // from now on nothing is bounded here
	directory.open = true
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		if !file.Mode().IsRegular() {
			return fmt.Errorf("%.200q in it is no plain file", file.Name)
		}
		if err := x.file(ctx, file.Name, file.Open); err != nil {
			return err
		}
	}
	return nil
}

// bounded fails when a zip's directory is larger than any honest one: it is read as a whole.
type bounded struct {
	from io.ReaderAt
	left int64
	open bool
}

func (b *bounded) ReadAt(p []byte, offset int64) (int, error) {
	if !b.open {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, errors.New("its directory is too large")
		}
	}
	return b.from.ReadAt(p, offset) //nolint:wrapcheck // passes it on
}

func (x *extraction) tar(ctx context.Context, c *content) error {
	archive := tar.NewReader(c.reader())
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("it is no tar, or cut off: %w", err)
		}
		switch header.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg:
		default:
			return fmt.Errorf("%.200q in it is no plain file", header.Name)
		}
		if err := x.file(ctx, header.Name, func() (io.ReadCloser, error) { return io.NopCloser(archive), nil }); err != nil {
			return err
		}
	}
}

// file copies one file.
func (x *extraction) file(ctx context.Context, name string, open func() (io.ReadCloser, error)) error {
	name = strings.TrimPrefix(name, "./")
	place := x.place + name
	switch {
	case !media.ValidPath(place) || !media.ValidPath(name):
		return fmt.Errorf("%w: %.200q", errUnsafe, name)
	case ignored(name):
		return nil
	case media.ContentType(name) == "application/octet-stream":
		return fmt.Errorf("%.200q in it belongs to no film", name)
	case x.names[name]:
		return fmt.Errorf("%.200q is in it twice", name)
	case len(x.names) >= x.uploads.Limits.Files:
		return fmt.Errorf("it has more than %d files", x.uploads.Limits.Files)
	}
	x.names[name] = true
	from, err := open()
	if err != nil {
		return fmt.Errorf("%.200q in it can't be read: %w", name, err)
	}
	defer from.Close()
	n, err := x.uploads.Files.Write(ctx, place, &leftover{from, x.left})
	x.left -= n
	if errors.Is(err, errBomb) {
		return tooLarge(x.uploads.Limits.Film)
	}
	return err
}

// errBomb is the error of an archive that grows beyond the limit.
var errBomb = errors.New("too large")

// leftover fails, rather than ends, after so many bytes.
type leftover struct {
	from io.Reader
	left int64
}

func (l *leftover) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errBomb
	}
	return n, err //nolint:wrapcheck // passes it on
}

// ignored reports whether a file is what a desktop puts into archives by itself.
func ignored(name string) bool {
	return strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(name, "__MACOSX/") || strings.EqualFold(path.Base(name), "thumbs.db")
}

// list returns the paths of the files in the store, in order.
func (x *extraction) list() []string {
	var paths []string
	for name := range x.names {
		paths = append(paths, x.place+name)
	}
	slices.Sort(paths)
	return paths
}

// source returns the path of the playlist or the MPD that is played: of those that are least deep, the master playlist, or the only one.
func (x *extraction) source(ctx context.Context) (string, error) {
	var candidates []string
	depth := func(name string) int { return strings.Count(name, "/") }
	for _, name := range x.list() {
		extension := strings.ToLower(path.Ext(name))
		if extension != ".m3u8" && extension != ".mpd" {
			continue
		}
		if len(candidates) > 0 && depth(name) < depth(candidates[0]) {
			candidates = nil
		}
		if len(candidates) == 0 || depth(name) == depth(candidates[0]) {
			candidates = append(candidates, name)
		}
	}
	if len(candidates) < 2 {
		if len(candidates) == 0 {
			return "", errors.New("there is no playlist (.m3u8) and no MPD (.mpd) in it")
		}
		return candidates[0], nil
	}
	for _, name := range candidates {
		text, err := x.read(ctx, name)
		if err != nil {
			return "", err
		}
		if mediatime.IsMaster(bytes.NewReader(text)) {
			return name, nil
		}
	}
	return "", fmt.Errorf("it has %d playlists, and none of them names the others", len(candidates))
}

func (x *extraction) read(ctx context.Context, name string) ([]byte, error) {
	file, err := x.uploads.Files.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(file.Content, mediatime.MaxPlaylist))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return text, nil
}
