#!/usr/bin/env bash
# ffmpeg 5.1 as an HLS client: segments that the server refuses.
#
# Guess:   a film whose segments are refused halfway ends ffmpeg with an error, at least with -xerror.
# True:    the exit code is 0, -v error prints nothing, and the output is a valid file of the part that came. It asks
#          for every segment that is left, the first of them again and again, with no pause in between. It is so for
#          403, 404, 410, 429 and 503, and Retry-After is not read.
# Matters: ffmpeg is the usual probe that a stream plays, and the usual recorder. "It exited 0" proves that the playlist
#          and one segment came. Compare the duration, or count what the server sent. And a server that refuses must be
#          ready for a whole film's worth of requests at once.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"; export TMPDIR=$work
dpkg -s ffmpeg >/dev/null 2>&1 || apt-get install -qqy 'ffmpeg=7:5.1*' >/dev/null
ffmpeg -version | head -1 | grep '^ffmpeg version 5\.1'

ffmpeg -v error -f lavfi -i testsrc2=s=320x180:r=10 -t 60 -c:v libx264 -preset ultrafast -g 20 \
	-f hls -hls_time 6 -hls_playlist_type vod -hls_segment_filename '%d.ts' film.m3u8

cat >refuse.mjs <<'JS'
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

let status, asked;
const server = createServer((request, response) => {
  asked.push(request.url);
  if (parseInt(request.url.slice(1)) >= 3) response.writeHead(status, { 'Retry-After': '2' }).end();
  else response.end(readFileSync('.' + request.url));
}).listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const film = `http://127.0.0.1:${server.address().port}/film.m3u8`;

const run = (command, ...args) => new Promise((done) => {
  const process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', err = '';
  process.stdout.on('data', (data) => (out += data));
  process.stderr.on('data', (data) => (err += data));
  process.on('close', (code) => done({ code, out, err }));
});
for (status of [403, 404, 410, 429, 503]) {
  asked = [];
  const begun = Date.now();
  const { code, err } = await run('ffmpeg', '-v', 'error', '-xerror', '-y', '-i', film, '-c', 'copy', 'out.mp4');
  const took = Date.now() - begun;
  const { out } = await run('ffprobe', '-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', 'out.mp4');
  const refused = asked.filter((url) => parseInt(url.slice(1)) >= 3);
  console.log(`${status}: exit code ${code}, printed '${err}', ${+out} of 60 s, ${took} ms, refused: ${refused}`);
  assert.equal(code, 0);
  assert.equal(err, '');
  assert.ok(Math.abs(out - 18) < 0.5);
  assert.equal(new Set(refused).size, 7);
  assert.ok(refused.length >= 14);
}
server.close();
JS
timeout 100 node refuse.mjs
echo ok
