package video

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/fault"
	"streamgate/libs/names"
	"streamgate/libs/objectid"
)

// Type says how a content is played.
type Type string

// The types.
const (
	Livestream Type = "livestream"
	VOD        Type = "vod" // video on demand: it has a beginning and an end
)

// Bounds of a content's fields.
const (
	MaxName        = 200  // characters
	MaxDescription = 2000 // characters
	MaxURL         = 2048 // characters
)

// Content is something to play.
type Content struct {
	ID          objectid.ID
	Type        Type
	Name        string
	Description string
	// Src is the path of a file in the blob store, see media.ValidPath, or an absolute http or https address.
	Src  string
	Film // what is known of its video
	// Poster is the path of a picture in the blob store, below Posters, or "".
	Poster    string
	CreatedAt time.Time // milliseconds count
	UpdatedAt time.Time
}

// Film is what is known of a video; zero is unknown.
type Film struct {
	Duration      time.Duration // milliseconds count
	Width, Height int           // pixels
}

// Change has new values for some fields of a content. Nil leaves a field as it is.
type Change struct {
	Type        *Type
	Name        *string
	Description *string
	Src         *string

	Film   *Film   // what is known of the new Src, set by package upload alone
	Poster *string // set by package upload alone; "" for none
}

// check returns a fault.BadFields with all faults of the values, if there are any.
func (c Change) check() error {
	var faults []fault.Field
	bad := func(name, format string, args ...any) {
		faults = append(faults, fault.Field{Name: name, Detail: fmt.Sprintf(format, args...)})
	}
	if c.Type != nil && *c.Type != Livestream && *c.Type != VOD {
		bad("type", "must be %s or %s", Livestream, VOD)
	}
	if c.Name != nil {
		if remedy := names.Remedy(*c.Name, MaxName); remedy != "" {
			bad("name", "%s", remedy)
		}
	}
	if c.Description != nil {
		if remedy := names.TextRemedy(*c.Description, MaxDescription); remedy != "" {
			bad("description", "%s", remedy)
		}
	}
	if c.Src != nil {
		if remedy := srcRemedy(*c.Src); remedy != "" {
			bad("src", "%s", remedy)
		}
	}
	if len(faults) > 0 {
		return fault.BadFields(faults...)
	}
	return nil
}

// playlists are the endings of files that name other files, relative to their own folder.
var playlists = []string{".m3u8", ".mpd"}

// webScheme matches texts that are meant as addresses, right or wrong.
var webScheme = regexp.MustCompile(`(?i)^(https?:|[a-z][a-z0-9+.-]*://)`)

// srcRemedy returns how to correct a Src, or "" if it is correct.
func srcRemedy(src string) string {
	if webScheme.MatchString(src) {
		return names.AddressRemedy(src, MaxURL)
	}
	if !media.ValidPath(src) {
		return fmt.Sprintf("must be an http or https address, or a path in the media store such as shows/one/index.m3u8: relative, at most %d bytes, "+
			"without backslashes, control characters and the segments . and ..", media.MaxPath)
	}
	if !strings.Contains(src, "/") && slices.Contains(playlists, strings.ToLower(path.Ext(src))) {
		return "must be in a folder of its own, such as one/index.m3u8: playing it opens all files of its folder"
	}
	return ""
}

// with returns the change with what was brought.
func (c Change) with(brought Change) Change {
	if brought.Src != nil {
		c.Src, c.Film = brought.Src, brought.Film
	}
	if brought.Poster != nil {
		c.Poster = brought.Poster
	}
	return c
}
