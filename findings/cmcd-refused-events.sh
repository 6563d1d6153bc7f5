#!/usr/bin/env bash
# hls.js 1.7.4, dash.js 5.2.1 and Shaka 5.2.12: CMCD version 2 events (CTA-5004-B), which the collector refuses.
#
# Guess:   as the specification has it: 410 ends the reports, after 429 and 5xx the player backs off, and any 2xx is
#          a success.
# True:    hls.js does fall silent after one 410, for ever, and goes on playing; but after a 503 each later event sends
#          all refused ones again at once, each in a request of its own. dash.js does that after every status that is no
#          success, 410 too, and never stops; and each refusal is an `error` event of the player, which pages take for
#          fatal. Shaka sends what is refused a second time, and takes 202 for a refusal.
# Matters: a collector that is down for ten minutes gets some hundred times the requests from each screen, and so do
#          those that ask dash.js by 410 to stop. Whoever acts on the reports should answer 204 to whatever happens.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 hls.js@1.7.4 dashjs@5.2.1 \
	shaka-player@5.2.12
ffmpeg -v error -f lavfi -i testsrc2=s=160x90:r=10 -t 40 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 20 \
	-f dash -seg_duration 4 -hls_playlist 1 film.mpd

cat >refuse.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const empty = '<link rel=icon href="data:,"><video muted>';
const posts = {}; // by player and status: the bodies that came while it was answered
let refusing = false;
const server = createServer(async (request, response) => {
  const path = decodeURIComponent(request.url.split('?')[0]);
  if (path === '/') return response.setHeader('Content-Type', 'text/html').end(empty);
  const [, player, status] = /^\/to (\S+) (\d+)$/.exec(path) ?? [];
  if (!player) return response.end(readFileSync('.' + path));
  let body = '';
  for await (const chunk of request) body += chunk;
  if (refusing) (posts[`${player} ${status}`] ??= []).push(body);
  response.writeHead(refusing ? Number(status) : 204).end();
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const players = {
  'hls.js': ['hls.js/dist/hls.min.js', (video, target) => {
    const hls = new Hls({ cmcd: { version: 2, includeKeys: [], eventTargets: [target] } });
    hls.loadSource(location.origin + '/master.m3u8');
    hls.attachMedia(video);
    hls.on('hlsError', () => window.errors++);
    video.play();
  }],
  'dash.js': ['dashjs/dist/modern/umd/dash.all.min.js', (video, target) => {
    const player = dashjs.MediaPlayer().create();
    const eventTargets = [{ ...target, enabled: true, enabledKeys: ['e', 'sn', 'ts'] }];
    player.updateSettings({ streaming: { cmcd: { enabled: true, version: 2, enabledKeys: [], eventTargets } } });
    player.on('error', () => window.errors++);
    player.initialize(video, location.origin + '/film.mpd', true);
  }],
  Shaka: ['shaka-player/dist/shaka-player.compiled.js', async (video, target) => {
    const player = new shaka.Player();
    const eventTargets = [{ ...target, enabled: true, mode: 'event' }];
    player.configure({ cmcd: { enabled: true, version: 2, eventTargets } });
    player.addEventListener('error', () => window.errors++);
    await player.attach(video);
    player.load(location.origin + '/film.mpd');
    video.play();
  }],
};
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
const screens = [];
for (const status of [202, 410, 503]) {
  for (const [player, [script, play]] of Object.entries(players)) {
    const page = await browser.newPage();
    await page.goto(origin);
    await page.addScriptTag({ path: `node_modules/${script}` });
    await page.evaluate(`window.errors = 0; (${play})(document.querySelector('video'), ${JSON.stringify({
      url: `${origin}/to ${player} ${status}`, interval: 2, events: ['t'],
    })})`);
    screens.push({ player, status, page });
  }
}
await new Promise((later) => setTimeout(later, 6000));
refusing = true;
await new Promise((later) => setTimeout(later, 16_500));
const seen = {};
for (const { player, status, page } of screens) {
  const [at, errors] = await page.evaluate(() => [document.querySelector('video').currentTime, window.errors]);
  const bodies = posts[`${player} ${status}`] ?? [];
  seen[`${player} ${status}`] = { requests: bodies.length, events: new Set(bodies).size, errors };
  const { requests, events } = seen[`${player} ${status}`];
  const said = `${requests} requests for ${events} events, ${errors} errors`;
  console.log(`${player}, ${status}: ${said}, plays at ${at.toFixed(0)} s`);
  assert.ok(at > 10);
}
await browser.close();
server.close();
const once = ({ requests, events, errors }) => events >= 6 && requests <= events + 1 && errors === 0;
const twice = ({ requests, events, errors }) => events >= 6 && Math.abs(requests - 2 * events) <= 2 && errors === 0;
const growing = ({ requests, events }) => events >= 6 && requests >= 3 * events;
assert.ok(once(seen['hls.js 202']) && once(seen['dash.js 202']) && twice(seen['Shaka 202']));
assert.ok(seen['hls.js 410'].requests === 1 && growing(seen['dash.js 410']) && twice(seen['Shaka 410']));
assert.ok(growing(seen['hls.js 503']) && growing(seen['dash.js 503']) && twice(seen['Shaka 503']));
assert.ok(seen['dash.js 410'].errors > 6 && seen['dash.js 503'].errors > 6 && seen['hls.js 503'].errors === 0);
JS
timeout 110 node refuse.mjs
echo ok
