package upload

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/fault"
)

// Limits bound what is taken.
type Limits struct {
	Film   int64 // bytes of an upload, and of all files of an archive together
	Poster int64 // bytes
	Files  int   // of an archive
}

// Usual are the limits of posters and archives. A film of two hours in six renditions of segments of two seconds has 22,000 files.
var Usual = Limits{Poster: 5 << 20, Files: 50_000}

// Errors of uploads.
var (
	ErrNotFound = fault.New(fault.NotFound, "upload_not_found", "There is no upload with this id, or nobody went on with it for a day.")
	errTooLarge = fault.New(fault.TooLarge, "upload_too_large", "The upload is larger than this Streamgate takes.")
)

// Files is where uploads go.
type Files interface {
	media.Files

	// Write writes a file, which is there once the reader has ended, and not at all if it fails; the reader's error is returned as it is.
	Write(ctx context.Context, path string, from io.Reader) (int64, error)
	// List returns the files below a folder, whose name ends with a slash.
	List(ctx context.Context, folder string) ([]media.Entry, error)
	// Delete deletes a file, if there is one.
	Delete(ctx context.Context, path string) error
}

// Uploads takes uploads.
type Uploads struct {
	Files  Files
	Limits Limits
	Now    func() time.Time
}

// Upload is one of them.
type Upload struct {
	ID     string // 32 hex digits
	Size   int64  // bytes, when it is complete
	Offset int64  // bytes that are there

	parts []part
}

// part is what came with one request.
type part struct {
	path         string
	offset, size int64
}

// Kind is what an upload is. What it is called counts for nothing.
type Kind string

// The kinds.
const (
	MP4  Kind = "mp4"
	WebM Kind = "webm"
	Tar  Kind = "tar"
	Zip  Kind = "zip"
	JPEG Kind = "jpg"
	PNG  Kind = "png"
	WebP Kind = "webp"
)

func (k Kind) isPoster() bool { return k == JPEG || k == PNG || k == WebP }

// headBytes is how much of a file says what it is.
const headBytes = 512

// heads are texts by which a kind of file is known, each at its offset.
var heads = []struct {
	offset int
	text   string
	kind   Kind
}{
	{4, "ftyp", MP4},
	{0, "\x1a\x45\xdf\xa3", WebM},
	{0, "PK\x03\x04", Zip},
	{257, "ustar", Tar},
	{0, "\xff\xd8\xff", JPEG},
	{0, "\x89PNG\r\n\x1a\n", PNG},
}

// kindOf returns what a file is by its first bytes, or "".
func kindOf(head []byte) Kind {
	at := func(offset int, text string) bool {
		return len(head) >= offset && bytes.HasPrefix(head[offset:], []byte(text))
	}
	for _, h := range heads {
		if at(h.offset, h.text) {
			return h.kind
		}
	}
	if at(0, "RIFF") && at(8, "WEBP") {
		return WebP
	}
	return ""
}

// errKind is the error for what is none of these.
var errKind = fault.New(fault.Unprocessable, "media_invalid",
	"This is neither a film (MP4, WebM), nor an archive of HLS or DASH (tar, zip), nor a picture (JPEG, PNG, WebP).")

var idPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// info is the file upload.json.
type info struct {
	Size int64 `json:"size"`
}

const folder = "uploads/"

// Begin begins an upload of a file of this size, in bytes.
func (u *Uploads) Begin(ctx context.Context, size int64) (Upload, error) {
	if size < 1 {
		return Upload{}, fault.BadField("Upload-Length", "must be the number of bytes of the file, at least 1")
	}
	if size > u.Limits.Film {
		return Upload{}, tooLarge(u.Limits.Film)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	begun := Upload{ID: hex.EncodeToString(id), Size: size}
	text, err := json.Marshal(info{size})
	if err != nil {
		return Upload{}, fmt.Errorf("upload: %w", err)
	}
	_, err = u.Files.Write(ctx, folder+begun.ID+"/upload.json", strings.NewReader(string(text)))
	return begun, err
}

func tooLarge(limit int64) error {
	e := *errTooLarge
	e.Detail = fmt.Sprintf("It is larger than the %d bytes that this Streamgate takes.", limit)
	return &e
}

// Get returns an upload, or ErrNotFound.
func (u *Uploads) Get(ctx context.Context, id string) (Upload, error) {
	if !idPattern.MatchString(id) {
		return Upload{}, ErrNotFound
	}
	known, err := u.info(ctx, id)
	if errors.Is(err, media.ErrNotFound) {
		return Upload{}, ErrNotFound
	}
	if err != nil {
		return Upload{}, err
	}
	entries, err := u.Files.List(ctx, folder+id+"/")
	if err != nil {
		return Upload{}, err
	}
	found := Upload{ID: id, Size: known.Size}
	var parts []part
	for _, e := range entries {
		var p part
		if _, err := fmt.Sscanf(path.Base(e.Path), "%016x-", &p.offset); err == nil {
			p.path, p.size = e.Path, e.Size
			parts = append(parts, p)
		}
	}
	// Of those that begin together the longest, of those that begin later the next.
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(b.size, a.size)) })
	for _, p := range parts {
		if p.offset == found.Offset && p.size > 0 {
			found.parts = append(found.parts, p)
			found.Offset += p.size
		}
	}
	return found, nil
}

func (u *Uploads) info(ctx context.Context, id string) (info, error) {
	var known info
	file, err := u.Files.Open(ctx, folder+id+"/upload.json")
	if err != nil {
		return known, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	if err := json.UnmarshalRead(io.LimitReader(file.Content, 1<<10), &known); err != nil {
		return known, fmt.Errorf("upload %s: %w", id, err)
	}
	return known, nil
}

// Append adds what comes to an upload, from the offset on that it has. What came before it broke off stays. It returns the new offset.
func (u *Uploads) Append(ctx context.Context, id string, offset int64, from io.Reader) (Upload, error) {
	known, err := u.Get(ctx, id)
	if err != nil {
		return Upload{}, err
	}
	if offset != known.Offset {
		return known, fault.New(fault.Conflict, "upload_offset", fmt.Sprintf("The upload has %d bytes; go on there.", known.Offset))
	}
	unique := make([]byte, 4)
	_, _ = rand.Read(unique) // never fails
	name := fmt.Sprintf("%s%s/%016x-%x", folder, id, offset, unique)
	rest := known.Size - offset
	body := &leaving{from: bufio.NewReaderSize(io.LimitReader(from, rest+1), 64<<10)}
	if offset == 0 {
		head, err := body.from.Peek(int(min(headBytes, known.Size)))
		if err == nil && kindOf(head) == "" {
			return known, errKind
		}
	}
	// The client may have gone in the middle, and what it left is to be kept all the same.
	n, err := u.Files.Write(context.WithoutCancel(ctx), name, body)
	if err != nil {
		return known, err
	}
	if n > rest {
		return known, errors.Join(fault.BadField("body", "is longer than the rest of the upload, which has %d bytes", rest), u.Files.Delete(ctx, name))
	}
	if n == 0 {
		_ = u.Files.Delete(context.WithoutCancel(ctx), name)
	}
	known.Offset += n
	if body.err != nil {
		return known, fault.New(fault.Invalid, "body_unreadable", "The body ended early or came too slowly; go on from the upload's offset.").Because(body.err)
	}
	return known, nil
}

// leaving ends where its reader fails.
type leaving struct {
	from *bufio.Reader
	err  error
}

func (l *leaving) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		l.err, err = err, io.EOF
	}
	return n, err //nolint:wrapcheck // io.EOF
}

// Delete deletes an upload with all that came.
func (u *Uploads) Delete(ctx context.Context, id string) error {
	if _, err := u.Get(ctx, id); err != nil {
		return err
	}
	return u.clear(ctx, folder+id+"/")
}

// clear deletes a folder.
func (u *Uploads) clear(ctx context.Context, name string) error {
	entries, err := u.Files.List(ctx, name)
	for _, e := range entries {
		err = errors.Join(err, u.Files.Delete(ctx, e.Path))
	}
	return err
}
