package authorize

import (
	"io/fs"
	"strings"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/libs/objectid"
)

// Request is what a server asks about.
type Request struct {
	// Path is what was asked for, unescaped once, without the segment that was the credential. It begins with a slash; "" is not told.
	Path string
	// Rest is what follows the grant in the path, without a slash before it; "" where the grant is not in the path.
	Rest string
	// Content is what the server says that it sends, 24 hex digits; "" where the path names it: by the first segment that is a content's id.
	Content string
	Player  string        // tells the players of one session and content apart; at most stream.MaxPlayer characters; "" is one of them
	Film    time.Duration // that the answer stands for; 0 is not told, or none
}

// The answers to a request for something else than its credential opens.
var (
	ErrPath = fault.New(fault.Forbidden, "path_not_clean",
		"The path has empty segments, . or .., a backslash, or is not UTF-8: a server could read it in another way than this decision does.")
	ErrUnnamed = fault.New(fault.Forbidden, "content_unknown",
		"Nothing says which content this is: have its id in the path, or let the server name it by the parameter content.")
	ErrOther = fault.New(fault.Forbidden, "content_differs", "The grant is for another content.")
)

// idLength is that of a content's id, in characters.
const idLength = 24

// Named returns the content that a request names, or "".
func (r *Request) Named() string {
	if r.Content != "" {
		return r.Content
	}
	for segment := range strings.SplitSeq(r.Path, "/") {
		if len(segment) != idLength {
			continue // most, and an error costs
		}
		if _, err := objectid.Parse("", segment); err == nil {
			return segment
		}
	}
	return ""
}

// clean reports whether all servers read the path alike.
func (r *Request) clean() bool {
	path := strings.TrimSuffix(strings.TrimPrefix(r.Path, "/"), "/")
	return path == "" || fs.ValidPath(path) && path != "." &&
		!strings.ContainsFunc(path, func(c rune) bool { return c == '\\' || c < ' ' || c == 0x7f })
}

// opened fails unless the grant opens what is asked for: its own content by name, what lies where the content's video is, or, behind a grant
// in the path as in our own media addresses, a file of its scope.
func (r *Request) opened(g *grant.Grant) error {
	if !r.clean() {
		return ErrPath
	}
	if named := r.Named(); named != "" {
		if named != g.Content {
			return ErrOther
		}
		return nil
	}
	outside := strings.HasPrefix(g.Scope, "/")
	switch {
	case outside && (r.Path == g.Scope || strings.HasSuffix(g.Scope, "/") && strings.HasPrefix(r.Path, g.Scope)):
		return nil
	case outside:
		return ErrOther
	case r.Rest != "" && g.Opens(g.Scope[:strings.LastIndexByte(g.Scope, '/')+1]+r.Rest):
		return nil
	case r.Rest != "":
		return ErrOther
	}
	return ErrUnnamed
}
