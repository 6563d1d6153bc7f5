package media

import (
	"io/fs"
	"path"
	"strings"
	"unicode"

	"streamgate/libs/grant"
)

// Posters is the folder of the pictures that stand for the films in lists.
const Posters = "posters/"

// MaxPath is the longest path of a file in the blob store, in bytes: a grant has room for no more.
const MaxPath = grant.MaxScope

// ValidPath reports whether a text can be the path of a file in the blob store: relative, of segments that are neither empty nor . nor ..,
// in UTF-8 without backslashes and control characters, of at most MaxPath bytes.
func ValidPath(text string) bool {
	return fs.ValidPath(text) && text != "." && len(text) <= MaxPath &&
		!strings.ContainsFunc(text, func(r rune) bool { return r == '\\' || unicode.IsControl(r) })
}

// Resolve returns the path in the blob store that an address means: rest is what comes after the grant's slash, unescaped once.
// It is false when the grant doesn't open such a file.
func Resolve(g grant.Grant, rest string) (string, bool) {
	file := g.Scope[:strings.LastIndexByte(g.Scope, '/')+1] + rest
	return file, ValidPath(file) && g.Opens(file)
}

// contentTypes by ending, a fixed table: what a machine's own table says differs from machine to machine, and nothing that a browser
// would run (HTML, SVG) is in this one.
var contentTypes = map[string]string{
	".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".mkv": "video/x-matroska", ".ogv": "video/ogg",
	".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", ".m4s": "video/iso.segment", ".cmfv": "video/mp4", ".cmfa": "audio/mp4",
	".mpd": "application/dash+xml", ".vtt": "text/vtt; charset=utf-8", ".srt": "application/x-subrip", ".ttml": "application/ttml+xml",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".avif": "image/avif", ".gif": "image/gif",
}

// ContentType returns the media type of a file by its ending.
func ContentType(file string) string {
	if contentType, ok := contentTypes[strings.ToLower(path.Ext(file))]; ok {
		return contentType
	}
	return "application/octet-stream"
}
