// A stand-in for the services, in their words: two places, a lease of 300 ms.
import { createServer } from 'node:http';
import { once } from 'node:events';

export const lease = 300;

const people = ['me@example.com:p\u00c3\u00a4ss', 'test@example.com:123456'].map((person) => `Basic ${btoa(person)}`); // as UTF-8

export class Service {
  limit = 2;
  streams = new Map(); // id → {id, content, device, expires, ended}
  keys = new Map(); // Idempotency-Key → id
  asked = [];
  watchers = new Set();
  away = false;
  loseNext = 0; // answers that are lost on their way
  #token = 0;
  #refreshToken = 'refresh 0';
  #server = createServer((request, response) => this.#answer(request, response));

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get live() {
    return [...this.streams.values()].filter(({ expires, ended }) => !ended && expires > Date.now());
  }

  end(id, reason, by) {
    Object.assign(this.streams.get(id), { ended: { reason, by } });
    this.tell();
  }

  signOut() {
    this.#token++;
    this.#refreshToken = null;
  }

  expire() {
    this.#token++;
  }

  tell() {
    for (const response of this.watchers) response.write(this.event());
  }

  event() {
    return `event: streams\r\ndata: ${JSON.stringify(this.account())}\r\n\r\n`;
  }

  account() {
    return { limit: this.limit, active: this.live.length, streams: this.live.map((stream) => this.shown(stream)) };
  }

  shown({ id, content, device, expires }) {
    return { id, content, device, expiresAt: new Date(expires).toISOString() };
  }

  async #answer(request, response) {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method, url, headers } = request;
    this.asked.push(`${method} ${url}`);
    if (this.away) return response.destroy();
    const body = text ? JSON.parse(text) : {};
    const [status, answer, more] = this.#decide(method, url, headers, body, response) ?? [];
    if (!status) return;
    if (this.loseNext > 0) {
      this.loseNext--;
      return response.destroy();
    }
    response.writeHead(status, { 'Content-Type': 'application/json', ...more }).end(answer && JSON.stringify(answer));
  }

  #decide(method, url, headers, body, response) {
    if (url === '/auth') {
      if (method === 'POST' && !people.includes(headers.authorization)) return problem(401, 'invalid_credentials');
      if (method === 'POST') return [201, this.#tokens()];
    }
    if (url === '/auth/refresh') {
      if (body.refreshToken !== this.#refreshToken) return problem(401, 'refresh_token_invalid');
      return [200, this.#tokens()];
    }
    if (headers.authorization !== `Bearer token ${this.#token}`) return problem(401, 'token_invalid');
    if (url === '/auth') {
      this.signOut();
      return [204];
    }
    if (url === '/streams' && method === 'POST') return this.#start(body, headers['idempotency-key']);
    if (url === '/streams/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(`: hello\n\n${this.event()}`);
      this.watchers.add(response);
      response.on('close', () => this.watchers.delete(response));
      return null;
    }
    const [, , id, verb] = url.split('/');
    const stream = this.streams.get(id);
    if (!stream) return problem(404, 'stream_not_found');
    if (method === 'DELETE') {
      stream.ended ??= { reason: 'stopped', by: 'me' };
      this.tell();
      return [204];
    }
    if (stream.ended) return problem(410, 'stream_ended', stream.ended);
    if (verb !== 'heartbeat' || body.ticket !== `ticket ${id}`) return problem(400, 'invalid_input');
    const resumed = stream.expires <= Date.now();
    if (resumed && this.live.length >= this.limit) return this.#refusal();
    stream.expires = Date.now() + lease;
    return [200, { resumed }];
  }

  #tokens() {
    this.#token++;
    this.#refreshToken = `refresh ${this.#token}`;
    return { token: `token ${this.#token}`, expiresIn: 600, refreshToken: this.#refreshToken, user: { id: 'me' } };
  }

  #refusal() {
    return problem(403, 'stream_limit_reached', { limit: this.limit, streams: this.account().streams }, { 'Retry-After': '1' });
  }

  #start({ content, player, replace, device = 'node' }, key) {
    const known = this.keys.get(key);
    if (!known) {
      if (replace && this.streams.has(replace)) this.end(replace, 'replaced', device);
      for (const stream of this.live) if (player && stream.player === player) this.end(stream.id, 'replaced', device);
      if (this.live.length >= this.limit) return this.#refusal();
    }
    const id = known ?? `stream-${this.streams.size}`;
    this.keys.set(key, id);
    if (!known) this.streams.set(id, { id, content, player, device, expires: Date.now() + lease });
    this.tell();
    return [201, { source: `https://cdn.example.com/${content}.m3u8`, stream: { ...this.shown(this.streams.get(id)), heartbeatInterval: lease / 3000, ticket: `ticket ${id}` } }];
  }
}

function problem(status, code, members = {}, headers = {}) {
  return [status, { status, code, detail: `it is ${code}`, ...members }, headers];
}
