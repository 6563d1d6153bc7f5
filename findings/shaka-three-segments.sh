#!/usr/bin/env bash
# Shaka Player 5.2.12: the segments that it asks for before it plays.
#
# Guess:   a player begins with the first segment (or the one of the start time) and goes on in order.
# True:    of an HLS film in fragmented MP4 behind a multivariant playlist, Shaka asks for the first, the middle and the
#          last segment of the variant before it plays, and then for the second. The same film by its bare media
#          playlist, or in MPEG-TS, begins with the first two.
# Matters: what takes the latest request for the viewer's position (resuming, "watched to the end", a bound on how far
#          one fetches ahead) takes a viewer who presses play for one who has finished. A cache at the edge fetches
#          three segments for each start.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 shaka-player@5.2.12
for kind in mp4 ts; do
	[[ $kind == ts ]] && type=mpegts || type=fmp4
	ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=10 -t 60 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 20 \
		-f hls -hls_time 6 -hls_playlist_type vod -hls_segment_type $type -hls_fmp4_init_filename init.mp4 \
		-hls_segment_filename "%d.$kind" $kind.m3u8
	printf '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.42c00c"\n%s.m3u8\n' $kind >$kind.master.m3u8
done

cat >order.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

let asked;
const server = createServer((request, response) => {
  const path = request.url;
  if (path === '/') return response.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,">');
  if (/^.\d/.test(path)) asked.push(parseInt(path.slice(1)));
  response.setHeader('Content-Type', path.endsWith('m3u8') ? 'application/vnd.apple.mpegurl' : 'video/mp4');
  response.end(readFileSync('.' + path));
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
for (const [playlist, want] of Object.entries({
  'mp4.master.m3u8': [0, 4, 9, 1, 2],
  'mp4.m3u8': [0, 1, 2],
  'ts.master.m3u8': [0, 1, 2],
})) {
  asked = [];
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.addScriptTag({ path: 'node_modules/shaka-player/dist/shaka-player.compiled.js' });
  await page.evaluate(async (playlist) => {
    const video = Object.assign(document.createElement('video'), { muted: true });
    const player = new shaka.Player();
    await player.attach(video);
    await player.load(playlist);
    video.play();
    await new Promise((late) => (video.ontimeupdate = () => video.currentTime > 4 && late()));
  }, playlist);
  await page.close();
  console.log(`${playlist}: segments in this order: ${asked.join(' ')} (the film has 0 to 9)`);
  assert.deepEqual(asked.slice(0, want.length), want);
}
await browser.close();
server.close();
JS
timeout 90 node order.mjs
echo ok
