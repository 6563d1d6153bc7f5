#!/usr/bin/env bash
# hls.js 1.7.4 and video.js 8.24.1: a fast line and a server that thinks for five seconds before it sends a segment of
# six.
#
# Guess:   the wait for the first byte is delay, not bandwidth: the line carries megabytes a second, so the best
#          rendition stays, as long as the buffer holds.
# True:    both divide the bytes by the time of the whole request. Where the same film settles on the best rendition,
#          both settle on the lowest.
# Matters: a server that holds requests, to pace a download, to wait for a slot, or as a long poll for a segment that
#          isn't there yet, costs its viewers the picture, and no metric of the line shows why.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 hls.js@1.7.4 video.js@8.24.1
for rate in 200 500; do
	ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=10 -t 90 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 20 \
		-b:v ${rate}k -minrate ${rate}k -maxrate ${rate}k -bufsize ${rate}k -x264-params nal-hrd=cbr \
		-f hls -hls_time 6 -hls_playlist_type vod -hls_segment_filename "${rate}-%d.ts" $rate.m3u8
done
cat >film.m3u8 <<'HLS'
#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=320x180,CODECS="avc1.42c00c"
200.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=750000,RESOLUTION=640x360,CODECS="avc1.42c00c"
500.m3u8
HLS

cat >wait.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const asked = {};
const server = createServer((request, response) => {
  const [, run, file] = request.url.split('/');
  if (!file) return response.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,">');
  const [, rate, number] = /^(\d+)-(\d+)\.ts$/.exec(file) ?? [];
  if (rate) (asked[run] ??= []).push(rate);
  setTimeout(() => response.end(readFileSync(file)), run.startsWith('late') && number > 0 ? 5000 : 0);
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));

const players = {
  'hls.js': ['hls.js/dist/hls.min.js', (video) => {
    const hls = new Hls();
    hls.loadSource('film.m3u8');
    hls.attachMedia(video);
  }],
  'video.js': ['video.js/dist/video.min.js', (video) => {
    // The line alone decides: not the player's size, and not what Chromium guesses of the line.
    const vhs = { useNetworkInformationApi: false, limitRenditionByPlayerDimensions: false };
    videojs(video, { muted: true, html5: { vhs } })
      .src({ src: 'film.m3u8', type: 'application/vnd.apple.mpegurl' });
  }],
};
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
const watch = async (run, [path, begin]) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.goto(`http://127.0.0.1:${server.address().port}/${run}/`);
  await page.addScriptTag({ path: 'node_modules/' + path });
  await page.evaluate(async (begin) => {
    const video = Object.assign(document.createElement('video'), { muted: true, width: 1280 });
    document.body.append(video);
    eval(`(${begin})`)(video);
    const playing = () => document.querySelector('video');
    while (playing().currentTime < 42) {
      if (playing().paused) playing().play().catch(() => {});
      await new Promise((later) => setTimeout(later, 500));
    }
  }, begin.toString());
  await page.close();
  console.log(`${run}: renditions of the segments, in kbit/s: ${asked[run].join(' ')}`);
  return asked[run];
};
const results = Object.entries(players).flatMap(([name, player]) => [
  watch(`soon-${name}`, player).then((rates) => assert.deepEqual([...new Set(rates.slice(-5))], ['500'])),
  watch(`late-${name}`, player).then((rates) => assert.deepEqual([...new Set(rates.slice(-2))], ['200'])),
]);
await Promise.all(results);
await browser.close();
server.close();
JS
timeout 110 node wait.mjs
echo ok
