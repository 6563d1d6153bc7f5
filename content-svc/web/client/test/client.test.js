import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, test } from 'node:test';
import { Place, Problem, Session, watch } from '../src/index.js';
import { events } from '../src/watch.js';
import { lease, Service } from './service.js';

let service;
let session;
let places;

beforeEach(async () => {
  service = await new Service().start();
  session = new Session({ base: service.url });
  await session.signIn('me@example.com', 'päss');
  places = [];
});

afterEach(() => {
  for (const place of places) place.leave();
  service.close();
});

// place makes one, and remembers its states.
function place(options = {}) {
  const states = [];
  const made = new Place(session, { content: 'film', ...options, changed: (state) => states.push(state) });
  made.states = states;
  places.push(made);
  return made;
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

async function until(what, done) {
  for (let tries = 0; tries < 500; tries++) {
    if (done()) return;
    await pause(10);
  }
  assert.fail(`not in 5 s: ${what}`);
}

test('a place is kept by heartbeats, and freed at once', async () => {
  const tv = place({ device: 'TV' });
  await tv.start();
  assert.equal(tv.state.phase, 'playing');
  assert.equal(tv.state.source, 'https://cdn.example.com/film.m3u8');
  const end = Date.now() + 4 * lease;
  while (Date.now() < end) {
    assert.deepEqual(service.live.map(({ id }) => id), [tv.stream.id]);
    await pause(lease / 5);
  }
  tv.leave();
  assert.equal(tv.state.phase, 'left');
  await until('it is free', () => service.live.length === 0);
});

test('a refusal names who takes the places, and one is taken over', async () => {
  const [first, second, third] = [place({ device: 'TV' }), place(), place({ device: 'Phone' })];
  await first.start();
  await second.start();
  await third.start();
  assert.equal(third.state.phase, 'refused');
  assert.equal(third.state.limit, 2);
  assert.deepEqual(third.state.streams.map(({ device }) => device), ['TV', 'node']);
  await third.start(third.state.streams[0].id);
  assert.equal(third.state.phase, 'playing');
  await until('the first one is told', () => first.state.phase === 'ended');
  assert.deepEqual(first.state, { phase: 'ended', reason: 'replaced', by: 'Phone' });
  assert.equal(first.stream, null);
});

test('a place that lapsed is taken again, if it is free', async () => {
  const tv = place();
  await tv.start();
  service.away = true;
  await until('it lapses, and the trouble shows', () => tv.state.troubled && service.live.length === 0);
  service.away = false;
  await until('it goes on', () => tv.state.phase === 'playing' && !tv.state.troubled && service.live.length === 1);

  service.away = true;
  await until('it lapses again', () => service.live.length === 0);
  service.limit = 0;
  service.away = false;
  await until('it is refused', () => tv.state.phase === 'refused');
});

test('a start whose answer is lost is repeated as the same one', async () => {
  service.loseNext = 1;
  const tv = place();
  await tv.start();
  assert.deepEqual(tv.states.map(({ phase }) => phase), ['starting', 'held', 'playing']);
  assert.equal(tv.states[1].why, 'offline');
  assert.equal(service.streams.size, 1);
});

test('who leaves while the start is under way has no place', async () => {
  const tv = place();
  const started = tv.start();
  tv.leave();
  await started;
  await until('it was given back', () => service.streams.size === 1 && service.live.length === 0);
  assert.equal(tv.state.phase, 'left');
});

test('the same player replaces itself', async () => {
  const before = place({ player: 'tab' });
  await before.start();
  const after = place({ player: 'tab' });
  await after.start();
  assert.equal(service.live.length, 1);
});

test('an access token that ended is taken for the next, once for all', async () => {
  const tv = place();
  await tv.start();
  service.expire();
  const before = service.asked.filter((asked) => asked === 'POST /auth/refresh').length;
  await Promise.all([tv.beat(), session.call('DELETE', '/streams/stream-9').catch(({ status }) => assert.equal(status, 404))]);
  assert.equal(service.asked.filter((asked) => asked === 'POST /auth/refresh').length, before + 1);
  assert.equal(tv.state.phase, 'playing');
});

test('a device that was signed out is told so', async () => {
  let lost = 0;
  const told = [];
  session = new Session({ base: service.url, lost: () => lost++, signedIn: (what) => told.push(what) });
  await assert.rejects(session.token(), { status: 401, code: 'signed_out' });
  await assert.rejects(session.signIn('me@example.com', 'wrong'), (problem) => problem instanceof Problem && problem.code === 'invalid_credentials');
  await session.signIn('me@example.com', 'päss');
  assert.equal(told.length, 1);
  assert.equal(told[0].user.id, 'me');
  const tv = place();
  await tv.start();
  service.signOut();
  await until('it ends', () => tv.state.phase === 'ended');
  assert.equal(tv.state.reason, 'session_ended');
  assert.equal(lost, 1);
});

test('what the account plays is told, also after the connection broke', async () => {
  const told = [];
  const stands = [];
  const stop = new AbortController();
  const ended = watch(session, { signal: stop.signal, tell: (seen) => told.push(seen), connected: (is) => stands.push(is) });
  await until('nothing is told', () => told.at(-1)?.active === 0);
  const tv = place();
  await tv.start();
  await until('one is told', () => told.at(-1).active === 1);
  assert.equal(told.at(-1).streams[0].id, tv.stream.id);
  service.away = true;
  for (const response of service.watchers) response.destroy();
  await until('it is said', () => stands.at(-1) === false);
  service.away = false;
  await until('it stands', () => stands.at(-1) === true);
  stop.abort();
  await ended;
});

test('the README does what it says', async (t) => {
  service.limit = 1;
  const tv = place({ device: 'TV' });
  await tv.start();
  service.expire(); // nobody's token is good but the one that the README gets
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, code] = /```js\n(.*?)```/s.exec(readme);
  const program = code.replace('streamgate-client', new URL('../src/index.js', import.meta.url)).replace('https://video.example.com', service.url);
  const said = [];
  t.mock.method(console, 'log', (...words) => said.push(words));
  await import(`data:text/javascript,${encodeURIComponent(program)}`);
  t.mock.restoreAll();
  assert.deepEqual(said, [['taken by', ['TV']], ['play', 'https://cdn.example.com/607c55840e977203b4d8b5e5.m3u8']]);
  await until('its place is free', () => service.live.length === 0);
});

test('events come in pieces', async () => {
  const text = ': hello\n\nevent: streams\r\ndata: {"a":\r\ndata: "ü"}\r\n\r\ndata\n\nid: 1\ndata:x\r\rdata: cut off';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const seen = [];
    for await (const event of events(body)) seen.push(event);
    assert.deepEqual(seen, [{ event: 'streams', data: '{"a":\n"ü"}' }, { event: 'message', data: '' }, { event: 'message', data: 'x' }], `${size} bytes at once`);
  }
});
