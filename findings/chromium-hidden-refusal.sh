#!/usr/bin/env bash
# Chromium's <video> and a film that is refused while it plays, from another origin than the page's.
#
# Guess:   the status decides: after a 403 there is an error event at once, as if the film came from the page's own
#          origin.
# True:    the body decides. If it is JSON (its Content-Type says so, or only its first bytes do), the browser hides the
#          answer from the page, as it does with data that could leak. The player takes that for a broken connection:
#          about 30 requests in half a minute, and only then the error event. An empty body, or the page's own origin:
#          one request, one error.
# Matters: an API that explains its refusals in JSON (RFC 9457) and media on a host of their own are both good practice.
#          Together they keep a viewer before a frozen picture for half a minute, and make 30 requests of each refusal.
#          Refuse media with an empty body, or allow the origin and set crossorigin on the element.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1
# 4 Mbit/s of mostly padding, so that the browser does not hold the whole film before it is refused.
ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=25 -t 60 -c:v libx264 -preset ultrafast -b:v 4M -minrate 4M \
	-maxrate 4M -bufsize 4M -x264-params nal-hrd=cbr -g 50 -pix_fmt yuv420p -movflags +faststart film.mp4

cat >refuse.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const film = readFileSync('film.mp4');
const refusals = {
  'JSON': { 'Content-Type': 'application/problem+json', body: '{"title":"too many streams"}' },
  'JSON as text': { 'Content-Type': 'text/plain', body: '{"title":"too many streams"}' },
  'JSON, own origin': { 'Content-Type': 'application/problem+json', body: '{"title":"too many streams"}', own: true },
  'JSON, crossorigin': { 'Content-Type': 'application/problem+json', body: '{"title":"too many streams"}', cors: true },
  'empty': { 'Content-Type': 'text/plain', body: '' },
};
const asked = {};
const server = createServer((request, response) => {
  if (request.url === '/') return response.setHeader('Content-Type', 'text/html').end('<link rel=icon href="data:,">');
  const name = decodeURIComponent(request.url.slice(1));
  if (refusals[name].cors) response.setHeader('Access-Control-Allow-Origin', '*');
  asked[name] = (asked[name] ?? -1) + 1; // the first one is granted
  if (asked[name] > 0) {
    const { body, 'Content-Type': type } = refusals[name];
    return response.writeHead(403, { 'Content-Type': type }).end(body);
  }
  response.writeHead(206, {
    'Content-Type': 'video/mp4',
    'Content-Length': film.length,
    'Content-Range': `bytes 0-${film.length - 1}/${film.length}`,
  }).end(film);
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const port = server.address().port;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
await Promise.all(Object.entries(refusals).map(async ([name, { own, cors }]) => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const took = await page.evaluate(([src, cors]) => new Promise((done) => {
    const video = document.createElement('video');
    let sought;
    video.addEventListener('error', () => done(performance.now() - sought), { once: true });
    video.addEventListener('playing', () => {
      sought = performance.now();
      video.currentTime = 50; // beyond what was fetched
    }, { once: true });
    if (cors) video.crossOrigin = 'anonymous';
    Object.assign(video, { muted: true, src }).play();
    setTimeout(done, 60_000, Infinity);
  }), [`http://${own ? '127.0.0.1' : 'localhost'}:${port}/${encodeURIComponent(name)}`, cors]);
  console.log(`${name}: ${asked[name]} refused, error event after ${(took / 1000).toFixed(1)} s`);
  if (name === 'empty' || own || cors) assert.ok(asked[name] === 1 && took < 10_000);
  else assert.ok(asked[name] >= 20 && took > 20_000 && took < 60_000);
}));
await browser.close();
server.close();
JS
timeout 110 node refuse.mjs
echo ok
