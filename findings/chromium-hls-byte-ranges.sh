#!/usr/bin/env bash
# Chromium's own HLS player and segments that are ranges of one file (EXT-X-BYTERANGE).
#
# Guess:   the player asks for the ranges that the playlist names, once each, as hls.js and Shaka do.
# True:    at each segment it asks for the rest of the file, "bytes=N-", takes what has come by then, breaks off, and
#          asks anew, two times and more. It is sent 50 times the film that it plays; how much is up to the
#          buffers of the line. Answers that end with the segment (RFC 9110 allows a 206 to be shorter than what was
#          asked for) make that about twice. Segments in files of their own it fetches whole, and once.
# Matters: a CDN bills, and a server that counts what a viewer is sent (quotas, limits of screens) counts, film that
#          nobody sees. Give Chromium segments in files, or cut answers at the segment.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1
for form in files single; do
	mkdir $form
	flags=(-hls_segment_filename "$form/film-%d.m4s")
	[ $form = single ] && flags=(-hls_flags single_file)
	ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=10,noise=alls=20:allf=t -t 300 -c:v libx264 -preset ultrafast -b:v 500k \
		-minrate 500k -maxrate 500k -bufsize 500k -x264-params nal-hrd=cbr -g 20 -pix_fmt yuv420p -f hls -hls_time 2 \
		-hls_playlist_type vod -hls_segment_type fmp4 "${flags[@]}" $form/film.m3u8
done

cat >watch.mjs <<'JS'
import assert from 'node:assert/strict';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const ends = [...readFileSync('single/film.m3u8', 'utf8').matchAll(/^#EXT-X-BYTERANGE:(\d+)@(\d+)/gm)].map((m) => Number(m[1]) + Number(m[2]));
const sent = {};
const server = createServer((request, response) => {
  const [, form, file] = request.url.split('/');
  const path = `${form.replace('cut', 'single')}/${file}`;
  if (!file || !existsSync(path)) return response.setHeader('Content-Type', 'text/html').end('<link rel=icon href="data:,">');
  const size = statSync(path).size;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? 'bytes=0-');
  const start = Number(first);
  let end = last ? Number(last) : size - 1;
  if (form === 'cut' && file.endsWith('.m4s')) end = Math.min(end, ends.find((e) => e > start) - 1);
  response.writeHead(206, {
    'Content-Type': file.endsWith('m3u8') ? 'application/vnd.apple.mpegurl' : 'video/mp4',
    'Content-Length': end - start + 1,
    'Content-Range': `bytes ${start}-${end}/${size}`,
    'Accept-Ranges': 'bytes',
    ETag: `"${path}"`,
  });
  createReadStream(path, { start, end }).on('data', (d) => { sent[form] = (sent[form] ?? 0) + d.length; }).pipe(response);
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] });
console.log('Chromium', browser.version());
const times = {};
for (const form of ['files', 'single', 'cut']) {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const buffered = await page.evaluate((src) => new Promise((done) => {
    const video = document.createElement('video');
    video.addEventListener('timeupdate', () => {
      if (video.currentTime > 20) done(video.buffered.end(video.buffered.length - 1));
    });
    Object.assign(video, { muted: true, src }).play();
    setTimeout(done, 60_000, NaN);
  }), `/${form}/film.m3u8`);
  await page.close();
  times[form] = sent[form] / (buffered * 500_000 / 8);
  console.log(`${form}: after 20 s of play, with film up to ${buffered.toFixed(0)} s, it had been sent ${times[form].toFixed(1)} times that film`);
}
await browser.close();
server.close();
assert.ok(times.files < 1.4 && times.cut > 1.2 && times.cut < 3 && times.single > 3);
JS
timeout 115 node watch.mjs
echo ok
