#!/usr/bin/env bash
# hls.js 1.7.4, video.js 8.24.1, dash.js 5.2.1, Shaka Player 5.2.12: a segment refused with 503 and Retry-After: 5.
#
# Guess:   the players wait for the five seconds that they are told, or at least one of them does.
# True:    none reads it. Each asks again at its own pace, all of them within the five seconds. dash.js (four requests)
#          and Shaka (two) have given up by then and report an error, with film left to play from the buffer. hls.js and
#          video.js still ask when the server would say yes, and play on.
# Matters: a server that asks for patience, since a slot is about to be free or it is restarting, ends the film for half
#          of these players. To keep them, hold the request for some seconds instead; late-first-byte.sh has its price.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts \
	playwright-core@1.65.1 hls.js@1.7.4 video.js@8.24.1 dashjs@5.2.1 shaka-player@5.2.12
ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=10 -t 60 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 20 \
	-f dash -seg_duration 6 -hls_playlist 1 -media_seg_name '$Number$.m4s' -init_seg_name init.mp4 film.mpd

cat >patience.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const refusedSegment = 4;
const asked = {}; // when each player asked for that segment, in ms since it first did
const server = createServer((request, response) => {
  const [, player, file] = request.url.split('/');
  if (!file) return response.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,">');
  if (parseInt(file) === refusedSegment) {
    asked[player] ??= { begun: Date.now(), at: [] };
    const after = Date.now() - asked[player].begun;
    asked[player].at.push(after);
    if (after < 5000) return response.writeHead(503, { 'Retry-After': '5' }).end();
  }
  response.end(readFileSync(file));
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));

const players = { // each calls failed() when it gives up
  'hls.js': ['hls.js/dist/hls.min.js', (video, failed) => {
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, { fatal }) => fatal && failed());
    hls.loadSource('master.m3u8');
    hls.attachMedia(video);
  }],
  'video.js': ['video.js/dist/video.min.js', (video, failed) => {
    const player = videojs(video, { muted: true });
    player.on('error', failed);
    player.src({ src: 'master.m3u8', type: 'application/vnd.apple.mpegurl' });
  }],
  'dash.js': ['dashjs/dist/modern/umd/dash.all.min.js', (video, failed) => {
    const player = dashjs.MediaPlayer().create();
    player.on('error', failed);
    player.initialize(video, 'film.mpd', false);
  }],
  'Shaka': ['shaka-player/dist/shaka-player.compiled.js', async (video, failed) => {
    const player = new shaka.Player();
    player.addEventListener('error', failed);
    await player.attach(video);
    await player.load('film.mpd');
  }],
};
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
await Promise.all(Object.entries(players).map(async ([name, [path, begin]]) => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/${name}/`);
  await page.addScriptTag({ path: 'node_modules/' + path });
  const [failed, end] = await page.evaluate(async (begin) => {
    const video = Object.assign(document.createElement('video'), { muted: true });
    document.body.append(video);
    let failed = false;
    eval(`(${begin})`)(video, () => (failed = true));
    for (let i = 0; i < 45; i++) {
      await new Promise((later) => setTimeout(later, 1000));
      const playing = document.querySelector('video');
      if (playing.paused) playing.play().catch(() => {});
      if (failed || playing.currentTime > 19) break;
    }
    return [failed, document.querySelector('video').currentTime];
  }, begin.toString());
  await page.close();
  const { at } = asked[name];
  const outcome = failed ? 'gave up' : 'plays on';
  console.log(`${name}: asked after ${at.join(', ')} ms, ${outcome} at ${end.toFixed(0)} s of film`);
  assert.ok(at.length >= 2 && at[1] < 4500);
  assert.equal(failed, name === 'dash.js' || name === 'Shaka');
  assert.equal(at.at(-1) < 5000, failed);
}));
await browser.close();
server.close();
JS
timeout 100 node patience.mjs
echo ok
