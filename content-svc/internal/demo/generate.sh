#!/bin/sh
# Makes the demo clips in media/ and their posters from ffmpeg's own sources of pictures and sound, so that they belong to no one else.
#
#   internal/demo/generate.sh          writes media/*.mp4 and media/*.webm, less than 1 MB together, and posters/*.jpg
#
# The clips are committed, since a build must not need ffmpeg. They were made by ffmpeg 5.1.9 with libx264 and libvpx; another version
# may produce other bytes. Baseline H.264 with AAC, and VP9 with Opus, play everywhere; +faststart puts the index first, so that playing
# begins with the first bytes.
set -eu
cd "$(dirname "$0")/media"

make_clip() { # name, seconds, picture, sound, options of the codecs
	name=$1 seconds=$2 picture=$3 sound=$4
	shift 4
	ffmpeg -hide_banner -loglevel error -y -f lavfi -i "$picture" -f lavfi -i "$sound" -t "$seconds" -shortest \
		-threads 1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact "$@" "$name"
	printf '%8d  %s\n' "$(wc -c <"$name")" "$name"
}

h264() { # quality (higher is smaller)
	echo "-c:v libx264 -profile:v baseline -level 3.0 -preset veryslow -crf $1 -pix_fmt yuv420p -g 50 -c:a aac -b:a 40k -ac 1 -movflags +faststart"
}

# A test card that moves, with a tone that beeps each second.
# shellcheck disable=SC2046 # the options are words
make_clip bars.mp4 14 'testsrc2=size=480x270:rate=25' 'sine=frequency=440:beep_factor=4:sample_rate=44100,volume=0.15' $(h264 33)

# A dive into the Mandelbrot set, over a slow tremolo.
# shellcheck disable=SC2046
make_clip mandelbrot.mp4 14 'mandelbrot=size=480x270:rate=25:maxiter=1200:start_scale=2.6:end_scale=0.06:end_pts=350:inner=mincol:outer=normalized_iteration_count' \
	'sine=frequency=110:sample_rate=44100,tremolo=f=0.4:d=0.7,volume=0.3' $(h264 36)

# The picture of a channel before its programme begins, with the tone of 1 kHz that goes with it.
make_clip channel.webm 20 'smptehdbars=size=640x360:rate=25,hue=s=1+0.15*sin(2*PI*t/5)' 'sine=frequency=1000:sample_rate=48000,volume=0.1' \
	-c:v libvpx-vp9 -b:v 0 -crf 45 -row-mt 0 -cpu-used 2 -g 100 -pix_fmt yuv420p -c:a libopus -b:a 24k -ac 1

# Their posters: a picture of each, in the size that a wide screen shows, and calmer than a test card has to be.
make_poster() { # name, picture, second
	ffmpeg -hide_banner -loglevel error -y -f lavfi -i "$2" -ss "$3" -frames:v 1 -q:v 5 -map_metadata -1 -fflags +bitexact -flags:v +bitexact "../posters/$1"
	printf '%8d  %s\n' "$(wc -c <"../posters/$1")" "$1"
}
mkdir -p ../posters
make_poster bars.jpg 'testsrc2=size=960x540:rate=25,hue=s=0.62,vignette=PI/4.5' 9
make_poster mandelbrot.jpg 'mandelbrot=size=960x540:rate=25:maxiter=1200:start_scale=2.6:end_scale=0.06:end_pts=350:inner=mincol:outer=normalized_iteration_count,hue=h=150:s=0.6,vignette=PI/4.5' 8
make_poster channel.jpg 'smptehdbars=size=960x540:rate=25,hue=s=0.62,vignette=PI/4.5' 0
