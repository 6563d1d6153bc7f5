package mediatime

import (
	"slices"
	"strings"

	hls "github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

// links returns the media playlists that a master playlist names, those that cost first. Sound and subtitles are free if there are
// pictures. A variant of sound alone costs, for it is played instead of a picture, unless it is the same playlist as the sound of the
// others, as packagers make it: a player of pictures fetches that as well.
func links(folder, name string, p *hls.Multivariant) []link {
	var found []link
	for _, costs := range []bool{true, false} {
		for _, l := range named(p) {
			file, ok := resolve(folder, name, l.name)
			if l.free != costs && ok && file != name && isPlaylist(file) && !slices.ContainsFunc(found, func(l link) bool { return l.name == file }) {
				found = append(found, link{file, l.free})
			}
		}
	}
	return found
}

// named returns the media playlists of a master playlist as it names them.
func named(p *hls.Multivariant) (all []link) {
	pictures := slices.ContainsFunc(p.Variants, hasPictures)
	for _, v := range p.Variants {
		shared := slices.ContainsFunc(p.Renditions, func(r *hls.MultivariantRendition) bool { return r.URI != nil && *r.URI == v.URI })
		all = append(all, link{v.URI, shared && pictures && !hasPictures(v)})
	}
	for _, r := range p.Renditions {
		if r.URI != nil {
			costs := r.Type == hls.MultivariantRenditionTypeVideo || r.Type == hls.MultivariantRenditionTypeAudio && !pictures
			all = append(all, link{*r.URI, !costs})
		}
	}
	return all
}

// soundCodecs begin the names of codecs (RFC 6381) that have no picture.
var soundCodecs = []string{"mp4a", "ac-3", "ec-3", "ac-4", "opus", "flac", "alac", "mp3", "vorbis", "dts", "mha", "mhm", "iamf"}

// hasPictures says whether a variant has pictures, or doesn't say that it has none.
func hasPictures(v *hls.MultivariantVariant) bool {
	return v.Resolution != "" || v.Video != "" || len(v.Codecs) == 0 || !onlySound(v.Codecs)
}

func onlySound(codecs []string) bool {
	return !slices.ContainsFunc(codecs, func(codec string) bool {
		codec = strings.ToLower(strings.TrimSpace(codec))
		return !slices.ContainsFunc(soundCodecs, func(sound string) bool { return strings.HasPrefix(codec, sound) })
	})
}
