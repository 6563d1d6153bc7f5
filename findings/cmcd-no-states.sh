#!/usr/bin/env bash
# dash.js 5.2.1 and Shaka 5.2.12: the state of the player in CMCD version 2 events (CTA-5004-B).
#
# Guess:   a play state event (e=ps) says which state: that is what it is for.
# True:    dash.js sends e=ps without sta, unless enabledKeys of the target names it; its own default is e, ts and v.
#          And Shaka's minified builds, which everybody ships, send no play state events at all, and never sta: their
#          compiler renamed the field. The debug build sends both.
# Matters: a collector can't tell a paused screen from one that plays: both report every few seconds. Numbers of
#          viewers, minutes watched and whatever frees a place at a pause are wrong, and nothing looks broken.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 dashjs@5.2.1 shaka-player@5.2.12
ffmpeg -v error -f lavfi -i testsrc2=s=160x90:r=10 -t 20 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 20 \
	-f dash -seg_duration 4 film.mpd

cat >states.mjs <<'JS'
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const empty = '<link rel=icon href="data:,"><video muted>';
const lines = {};
const server = createServer(async (request, response) => {
  const path = decodeURIComponent(request.url.split('?')[0]);
  if (path === '/') return response.setHeader('Content-Type', 'text/html').end(empty);
  if (!path.startsWith('/to ')) return response.end(readFileSync('.' + path));
  let body = '';
  for await (const chunk of request) body += chunk;
  (lines[path.slice(4)] ??= []).push(...body.trim().split('\n'));
  response.writeHead(204).end();
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const dash = (video, target) => {
  const player = dashjs.MediaPlayer().create();
  const cmcd = { enabled: true, version: 2, eventTargets: [{ ...target, enabled: true }] };
  player.updateSettings({ streaming: { cmcd } });
  player.initialize(video, location.origin + '/film.mpd', true);
};
const shaka_ = async (video, target) => {
  const player = new shaka.Player();
  const cmcd = { enabled: true, version: 2, eventTargets: [{ ...target, enabled: true, mode: 'event' }] };
  player.configure({ cmcd });
  await player.attach(video);
  player.load(location.origin + '/film.mpd');
  video.play();
};
const dist = 'dashjs/dist/modern/umd/dash.all.min.js';
const players = {
  'dash.js': [dist, dash, {}],
  'dash.js, told to': [dist, dash, { enabledKeys: ['e', 'sta', 'ts', 'v'] }],
  'Shaka': ['shaka-player/dist/shaka-player.compiled.js', shaka_, {}],
  'Shaka, told to': ['shaka-player/dist/shaka-player.compiled.js', shaka_, { includeKeys: ['e', 'sta', 'ts', 'v'] }],
  'Shaka with its UI': ['shaka-player/dist/shaka-player.ui.js', shaka_, {}],
  'Shaka, debug build': ['shaka-player/dist/shaka-player.compiled.debug.js', shaka_, {}],
};
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
for (const [name, [script, play, more]] of Object.entries(players)) {
  const page = await browser.newPage();
  await page.goto(origin);
  await page.addScriptTag({ path: `node_modules/${script}` });
  const target = { url: `${origin}/to ${name}`, interval: 1, events: ['t', 'ps'], ...more };
  await page.evaluate(`(${play})(document.querySelector('video'), ${JSON.stringify(target)})`);
  await page.waitForFunction(() => document.querySelector('video').currentTime > 2, undefined, { timeout: 30_000 });
  await page.evaluate(() => document.querySelector('video').pause());
  await page.waitForTimeout(2500);
  await page.close();
  const changes = lines[name].filter((line) => /\be=ps\b/.test(line));
  const states = new Set(lines[name].map((line) => /\bsta=(\w)/.exec(line)?.[1]).filter(Boolean));
  const said = [...states].join(' ') || 'nothing';
  console.log(`${name}: ${lines[name].length} events, ${changes.length} of them play states, which say: ${said}`);
  const tells = name === 'dash.js, told to' || name === 'Shaka, debug build';
  assert.equal(states.has('p') && states.has('a'), tells);
  if (!tells) assert.equal(states.size, 0);
  assert.equal(changes.length > 0, tells || name === 'dash.js');
}
await browser.close();
server.close();
JS
timeout 110 node states.mjs
echo ok
