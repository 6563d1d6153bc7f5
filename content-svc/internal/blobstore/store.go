// Package blobstore reads video files from a store of the Go Cloud Development Kit: a folder or a bucket.
package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/fault"
	"streamgate/libs/service"
)

// fileScheme is the scheme of a store that is a folder.
const fileScheme = "file"

// options are those of an address that count, by scheme. Nothing in a folder is signed.
var options = map[string][]string{
	fileScheme: {"create_dir", "dir_file_mode", "metadata", "no_tmp_dir"},
	"s3": {
		"region", "endpoint", "profile", "role", "anonymous", "hostname_immutable", "dualstack", "fips", "accelerate", "rate_limiter_capacity", "awssdk",
		"use_path_style", "s3ForcePathStyle", "disable_https", "ssetype", "kmskeyid", "request_checksum_calculation", "response_checksum_validation",
		"prefix",
	},
}

// CheckURL returns every fault of a variable whose value must be the address of a store.
func CheckURL(name, value string) []error {
	u, err := url.Parse(value)
	if err != nil || !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) || u.Scheme == fileScheme && u.Path == "" || u.Scheme == "s3" && u.Host == "" {
		return []error{fmt.Errorf("%s: %q is not the address of a media store; known are %s, such as file:///var/lib/streamgate/media",
			name, value, strings.Join(blob.DefaultURLMux().BucketSchemes(), ", "))}
	}
	var faults []error
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(name+": "+format, args...)) }
	if u.Scheme != fileScheme && strings.Trim(u.Path, "/") != "" {
		add("the path %q has no effect; for a part of a bucket, add ?prefix=%s/", u.Path, strings.Trim(u.Path, "/"))
	}
	if u.User != nil || u.Fragment != "" {
		add("what is in front of @ and behind # has no effect; remove it")
	}
	for _, err := range checkOptions(u) {
		add("%w", err)
	}
	return faults
}

// checkOptions returns every fault of the options of an address.
func checkOptions(u *url.URL) (faults []error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		faults = append(faults, errors.New("the part behind ? can't be read; write special characters as %XX"))
	}
	for _, option := range slices.Sorted(maps.Keys(query)) {
		switch {
		case options[u.Scheme] != nil && !slices.Contains(options[u.Scheme], option):
			faults = append(faults, fmt.Errorf("the option %s is not known for %s; remove it", option, u.Scheme))
		case len(query[option]) > 1:
			faults = append(faults, fmt.Errorf("the option %s is given %d times", option, len(query[option])))
		}
	}
	return faults
}

// Store is a media.Files. Connect must be done before its other methods are called.
type Store struct {
	address string
	bucket  *blob.Bucket
	folder  string // its path without symbolic links; "" if the store is a bucket
}

// New returns a store at an address that CheckURL has passed.
func New(address string) *Store { return &Store{address: address} }

// Connect returns the step of start-up that opens the store.
func (s *Store) Connect() service.Step {
	return service.Step{Name: "open the media store", Do: func(ctx context.Context) error {
		u, err := url.Parse(s.address)
		if err != nil {
			return service.Permanent(fmt.Errorf("MEDIA_URL: %w", err))
		}
		if u.Scheme == fileScheme {
			// Files are written beside their final place: the folder for temporary files may be on another disk, or missing.
			query := u.Query()
			query.Set("no_tmp_dir", "true")
			query.Set("metadata", "skip")
			u.RawQuery = query.Encode()
		}
		if s.bucket, err = blob.OpenBucket(ctx, u.String()); err == nil && u.Scheme == fileScheme {
			s.folder, err = filepath.EvalSymlinks(folder(u))
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return service.Permanent(fmt.Errorf("MEDIA_URL: the folder %s does not exist; create it, or set MEDIA_URL to the folder of the video files", folder(u)))
		case err != nil && u.Scheme == fileScheme:
			return service.Permanent(fmt.Errorf("MEDIA_URL: %w", err))
		case err != nil:
			return fmt.Errorf("MEDIA_URL: %w", err)
		}
		return nil
	}}
}

// folder returns the folder of a file address, as package fileblob reads it.
func folder(u *url.URL) string {
	if u.Host == "." {
		return filepath.FromSlash(strings.TrimPrefix(u.Path, "/"))
	}
	return filepath.FromSlash(u.Path)
}

// Close ends the connections to the store.
func (s *Store) Close(context.Context) error {
	if s.bucket == nil {
		return nil
	}
	if err := s.bucket.Close(); err != nil {
		return fmt.Errorf("media store: %w", err)
	}
	return nil
}

// WriteMissing writes a file unless there is one. In a folder, its modification time is set to the given one, so that replicas with
// a folder each return the same ETag: to a player that goes on at another replica, it is still the same file.
func (s *Store) WriteMissing(ctx context.Context, path string, text []byte, modified time.Time) error {
	exists, err := s.bucket.Exists(ctx, path)
	if err == nil && !exists {
		// The write is atomic, and replicas that write at the same time write the same.
		err = s.bucket.WriteAll(ctx, path, text, &blob.WriterOptions{ContentType: media.ContentType(path)})
		if err == nil && s.folder != "" {
			err = os.Chtimes(filepath.Join(s.folder, filepath.FromSlash(path)), modified, modified)
		}
	}
	if err != nil {
		return fmt.Errorf("media store: %w", err)
	}
	return nil
}

// failure adds a kind to an error of the store.
func failure(err error) error {
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound, errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ELOOP), // a link
		errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ENXIO): // ENXIO: a socket
		return media.ErrNotFound
	case errors.Is(err, os.ErrPermission), gcerrors.Code(err) == gcerrors.PermissionDenied:
		return fmt.Errorf("media store: %w", err)
	default:
		return fault.Away("The media store", err)
	}
}
