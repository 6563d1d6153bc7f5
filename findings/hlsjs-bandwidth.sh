#!/usr/bin/env bash
# hls.js 1.7.4: how far it fetches ahead with maxBufferLength: 30.
#
# Guess:   thirty seconds of film, whatever the film is.
# True:    thirty seconds is what it fetches at least. What it fetches at most comes from the BANDWIDTH that the
#          multivariant playlist announces, not from the bytes that come: the same segments are fetched ten minutes
#          ahead where 120,000 bit/s is announced, some 45 s where 12,000,000 is, and some 35 s without a multivariant
#          playlist.
# Matters: what the server may take for the viewer's position, or for the end of a view, differs tenfold by one number
#          in a playlist, which packagers get wrong (ffmpeg-bandwidth.sh). Who leaves after ten seconds has cost the
#          whole film. maxMaxBufferLength is the bound.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 hls.js@1.7.4
ffmpeg -v error -f lavfi -i testsrc2=s=160x90:r=5 -t 600 -c:v libx264 -preset ultrafast -b:v 100k -pix_fmt yuv420p \
	-g 20 -f hls -hls_time 6 -hls_playlist_type vod -hls_segment_filename '%d.ts' bare.m3u8
for bandwidth in 120000 12000000; do
	printf '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=%d\nbare.m3u8\n' $bandwidth >$bandwidth.m3u8
done

cat >ahead.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const server = createServer((request, response) => {
  if (request.url !== '/') return response.end(readFileSync('.' + request.url));
  response.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,">');
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
for (const [name, least, most] of [['bare', 30, 46], ['120000', 300, 600], ['12000000', 35, 60]]) {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.addScriptTag({ path: 'node_modules/hls.js/dist/hls.min.js' });
  const ahead = await page.evaluate(async (source) => {
    const video = Object.assign(document.createElement('video'), { muted: true });
    const hls = new Hls({ maxBufferLength: 30 });
    hls.loadSource(source);
    hls.attachMedia(video);
    await video.play();
    await new Promise((late) => setTimeout(late, 15_000));
    return video.buffered.end(video.buffered.length - 1) - video.currentTime;
  }, name + '.m3u8');
  await page.close();
  console.log(`${name}: ${ahead.toFixed(0)} s ahead after 15 s`);
  assert.ok(least <= ahead && ahead <= most);
}
await browser.close();
server.close();
JS
timeout 100 node ahead.mjs
echo ok
