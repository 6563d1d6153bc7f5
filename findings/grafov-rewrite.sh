#!/usr/bin/env bash
# github.com/grafov/m3u8 v0.12.1, a Go library for HLS playlists: what decoding and encoding do to a playlist.
#
# Guess:   Decode and String keep a valid playlist's meaning, or report an error.
# True:    both succeed, and
#          - of a live playlist with twelve segments the first eight are left: the newest four are gone, at the end
#            where a player looks (the decoder makes a window of eight, whatever the playlist has);
#          - a byte range without an offset, which goes on where the last one ended, is written as "@0": every segment
#            is the file's first bytes;
#          - the second EXT-X-MAP, EXT-X-GAP and EXT-X-INDEPENDENT-SEGMENTS are gone, and the first map's byte range
#            lost its quotes.
# Matters: a service that rewrites playlists, to sign the addresses of segments or to put in advertisements, serves a
#          film that players refuse or that ends early. Change the lines as text instead.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
export GOFLAGS=-mod=mod GOWORK=off

cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/grafov/m3u8"
)

func main() {
	playlist, _, err := m3u8.DecodeFrom(os.Stdin, true) // strict
	if err != nil {
		panic(err)
	}
	fmt.Print(playlist)
}
GO
go mod init finding
go get github.com/grafov/m3u8@v0.12.1
go build -o rewrite .

live() {
	printf '%s\n' '#EXTM3U' '#EXT-X-VERSION:3' '#EXT-X-TARGETDURATION:6' '#EXT-X-MEDIA-SEQUENCE:100'
	for n in {100..111}; do printf '#EXTINF:6.0,\n%d.ts\n' "$n"; done
}
live >live.m3u8
cat >ranges.m3u8 <<'HLS'
#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="a.mp4",BYTERANGE="800@0"
#EXTINF:6.0,
#EXT-X-BYTERANGE:1000@800
a.mp4
#EXTINF:6.0,
#EXT-X-BYTERANGE:1200
a.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="b.mp4",BYTERANGE="700@0"
#EXTINF:6.0,
#EXT-X-BYTERANGE:900@700
b.mp4
#EXT-X-GAP
#EXTINF:6.0,
c.mp4
#EXT-X-ENDLIST
HLS
for name in live ranges; do
	./rewrite <$name.m3u8 >$name.out
	echo "--- $name, rewritten by grafov/m3u8 v0.12.1"
	cat $name.out
done

[[ $(grep -c '\.ts$' live.out) == 8 && $(grep '\.ts$' live.out | tail -1) == 107.ts ]]
grep -qx '#EXT-X-BYTERANGE:1000@800' ranges.out
grep -qx '#EXT-X-BYTERANGE:1200@0' ranges.out # 1800 is true
grep -qx '#EXT-X-MAP:URI="a.mp4",BYTERANGE=800@0' ranges.out
[[ $(grep -c EXT-X-MAP ranges.out) == 1 ]]
! grep -qE 'EXT-X-GAP|INDEPENDENT' ranges.out || exit 1
echo ok
