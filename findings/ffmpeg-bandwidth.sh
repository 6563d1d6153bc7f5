#!/usr/bin/env bash
# ffmpeg 5.1's HLS muxer: the BANDWIDTH that it writes into a multivariant playlist.
#
# Guess:   with -master_pl_name ffmpeg measures the segments that it has just written, or fails.
# True:    it adds up what the encoders were asked for, and counts a stream that was asked for a quality (-crf) as
#          nothing. A film of two Mbit/s with sound of 69 kbit/s is announced as 75,900 bit/s, without a warning.
#          Without sound the playlist has no variant at all: a warning, and exit code 0.
# Matters: BANDWIDTH is a peak that players trust: they take the "slow" variant on a line that can't carry it, and some
#          choose by it how far to fetch ahead (hlsjs-bandwidth.sh). Measure the segments and write it yourself.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
dpkg -s ffmpeg >/dev/null 2>&1 || apt-get install -qqy 'ffmpeg=7:5.1*' >/dev/null
ffmpeg -version | head -1 | grep '^ffmpeg version 5\.1'

picture=(-f lavfi -i testsrc2=s=640x360:r=25)
encode=(-t 12 -c:v libx264 -preset ultrafast -crf 20 -g 50)
hls=(-f hls -hls_time 4 -hls_playlist_type vod)
ffmpeg -v warning "${picture[@]}" -f lavfi -i sine=440 "${encode[@]}" -c:a aac \
	"${hls[@]}" -hls_segment_filename 'sound%d.ts' -master_pl_name sound.master.m3u8 sound.m3u8 2>sound.log
ffmpeg -v warning "${picture[@]}" "${encode[@]}" \
	"${hls[@]}" -hls_segment_filename 'mute%d.ts' -master_pl_name mute.master.m3u8 mute.m3u8 2>mute.log

for name in sound mute; do
	echo "--- $name: $(($(cat $name?.ts | wc -c) * 8 / 12)) bit/s in 12 s, announced:"
	cat $name.master.m3u8 $name.log
done
announced=$(grep -o 'BANDWIDTH=[0-9]*' sound.master.m3u8 | cut -d= -f2)
(($(cat sound?.ts | wc -c) * 8 / 12 > 20 * announced))
[[ $announced == 75900 && ! -s sound.log ]]
! grep -q STREAM-INF mute.master.m3u8 || exit 1
echo ok
