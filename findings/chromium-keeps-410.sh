#!/usr/bin/env bash
# Chromium's HTTP cache and refusals without Cache-Control.
#
# Guess:   a browser that was refused asks again next time, whatever the status was.
# True:    that holds for all but 410. Chromium keeps a 410 without Cache-Control in its cache, and answers with it from
#          then on, other pages of that profile included, though the server would say 200. HTTP allows the same for 404,
#          405, 414 and 501, which Chromium doesn't keep.
# Matters: 410 says best that a playback session is over. Where the same address works again (the viewer pays, ends
#          another stream, signs in), the film stays dead, and the server sees no request. hls.js runs into it as plain
#          fetch does. Send Cache-Control: no-store with every refusal, or don't use 410.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
# Debian keeps only its newest Chromium: seen with 156.
dpkg -s chromium >/dev/null 2>&1 || apt-get install -qqy chromium >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts playwright-core@1.65.1 hls.js@1.7.4

cat >gone.mjs <<'JS'
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const asked = {};
let refuse;
const server = createServer((request, response) => {
  const path = request.url;
  if (path === '/') return response.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,">');
  asked[path] = (asked[path] ?? 0) + 1;
  const headers = path.endsWith('no-store') ? { 'Cache-Control': 'no-store' } : {};
  response.writeHead(refuse ? parseInt(path.slice(1)) : 200, headers);
  response.end('#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-ENDLIST\n');
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const origin = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
console.log('Chromium', browser.version());
const context = await browser.newContext();
const open = async () => {
  const page = await context.newPage();
  await page.goto(origin);
  return page;
};
const fetched = async (path) => {
  const page = await open();
  const status = await page.evaluate(async (path) => (await fetch(path)).status, path);
  await page.close();
  return status;
};
for (const path of ['403', '404', '405', '410', '410/no-store', '414', '429', '451', '501', '503']) {
  refuse = true;
  const first = await fetched(path);
  refuse = false;
  const second = await fetched(path);
  console.log(`${path}: first ${first}, then ${second}, requests: ${asked['/' + path]}`);
  assert.equal(first, parseInt(path));
  assert.equal(second, path === '410' ? 410 : 200);
  assert.equal(asked['/' + path], path === '410' ? 1 : 2);
}
const page = await open();
await page.addScriptTag({ path: 'node_modules/hls.js/dist/hls.min.js' });
const seen = await page.evaluate(() => new Promise((done) => {
  const hls = new Hls();
  hls.on(Hls.Events.ERROR, (_, { response }) => done(response?.code));
  hls.on(Hls.Events.MANIFEST_LOADED, () => done(200));
  hls.loadSource('410');
}));
console.log(`hls.js, on the address that is good again: ${seen}, requests: ${asked['/410']}`);
assert.deepEqual([seen, asked['/410']], [410, 1]);
await browser.close();
server.close();
JS
timeout 100 node gone.mjs
echo ok
