#!/usr/bin/env bash
# dash.js 5.2.1: CMCD, what a player tells the server with each request (CTA-5004), in headers.
#
# Guess:   the word that its own TypeScript declarations want, mode: 'header', puts CMCD into headers, and a wrong word
#          is told.
# True:    'header' is the wrong word now: the data go into the query, without a warning, and getSettings() says
#          'header'. The right word is 'headers', which the declarations refuse.
# Matters: CMCD in the query changes the address of every segment: a cache misses each of them, signed addresses may
#          break, and session ids are in access logs. Whoever compiles with types gets just that.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
for p in 'ffmpeg=7:5.1*' chromium; do dpkg -s "${p%%=*}" >/dev/null 2>&1 || apt-get install -qqy "$p" >/dev/null; done
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 dashjs@5.2.1 typescript@5.9.3
ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=10 -t 12 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 20 \
	-f dash -seg_duration 4 film.mpd

cat >mode.mjs <<'JS'
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

let where;
const server = createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/') return response.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,">');
  if (path.endsWith('m4s')) {
    if (request.url.includes('?CMCD=')) where.add('query');
    if (request.headers['cmcd-session']) where.add('headers');
  }
  response.end(readFileSync('.' + path));
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--mute-audio'] });
console.log('Chromium', browser.version());
for (const mode of ['header', 'headers']) {
  where = new Set();
  const page = await browser.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.addScriptTag({ path: 'node_modules/dashjs/dist/modern/umd/dash.all.min.js' });
  const kept = await page.evaluate(async (mode) => {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ streaming: { cmcd: { enabled: true, mode } } });
    const video = Object.assign(document.createElement('video'), { muted: true });
    player.initialize(video, 'film.mpd', true);
    await new Promise((late) => (video.ontimeupdate = () => video.currentTime > 1 && late()));
    return player.getSettings().streaming.cmcd.mode;
  }, mode);
  await page.close();
  const cmcd = `{streaming: {cmcd: {mode: '${mode}'}}}`;
  writeFileSync('typed.ts', `import 'dashjs';\nconst settings: dashjs.MediaPlayerSettingClass = ${cmcd};\n`);
  const check = ['--noEmit', '--skipLibCheck', '--strict', 'typed.ts'];
  const types = spawnSync('node_modules/.bin/tsc', check, { encoding: 'utf8' });
  console.log(`mode '${mode}': CMCD in ${[...where]}, setting '${kept}', types: ${types.stdout || 'good\n'}`.trim());
  assert.equal(kept, mode);
  assert.ok(!said.some((text) => text.includes('mode')));
  assert.deepEqual([...where], [mode === 'header' ? 'query' : 'headers']);
  assert.equal(types.status === 0, mode === 'header');
}
await browser.close();
server.close();
JS
timeout 90 node mode.mjs
echo ok
