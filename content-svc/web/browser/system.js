// The whole system, for tests in a browser: the three services as they are shipped, a Redis of our own that can be restarted, and one address
// for all, as an ingress does it. The MongoDB is that of devstack test.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../../../', import.meta.url).pathname;
export const admin = { email: 'admin@example.com', password: 'an administrator' };

export class System {
  #folder = mkdtempSync(join(tmpdir(), 'streamgate-browser-'));
  #running = new Map();
  #addresses = {};
  #routes = [];

  async start() {
    const mongo = process.env.TEST_MONGODB_URI;
    if (!mongo) throw new Error('run this by make test-browser, which brings a MongoDB');
    this.redis = await freePort();
    await this.startRedis();
    const names = ['user-svc', 'session-svc', 'content-svc'];
    for (const name of names) {
      const [open, internal, operations] = await Promise.all([freePort(), freePort(), freePort()]);
      this.#addresses[name] = { public: `127.0.0.1:${open}`, internal: `127.0.0.1:${internal}`, operations: `127.0.0.1:${operations}` };
      this.#routes.push(...routesOf(name));
    }
    this.#routes.sort((a, b) => b.path.length - a.path.length);
    const key = () => randomBytes(32).toString('base64');
    const at = this.#addresses;
    this.env = {
      PATH: process.env.PATH, MONGODB_URI: mongo, REDIS_URL: `redis://127.0.0.1:${this.redis}/0`, INTERNAL_SECRETS: key(), GRANT_KEYS: key(), REFRESH_KEYS: key(),
      TRUSTED_PROXIES: '127.0.0.1/32', DRAIN_DELAY: '0s', LOG_FORMAT: 'text', LOG_LEVEL: 'error', TOKEN_KEY_FILES: join(this.#folder, 'key.pem'),
      TOKEN_KEY_GENERATE: 'true', ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password, DEMO_CONTENT: 'true',
      MEDIA_URL: `file://${this.#folder}/media?create_dir=true`, UPLOAD_LIMIT: '100000000',
      REPORTS_MONGODB_URI: mongo, REPORTS_MONGODB_DATABASE: `browser_${process.pid}_reports`,
      JWKS_URL: `http://${at['user-svc'].public}/.well-known/jwks.json`, USER_SVC_URL: `http://${at['user-svc'].internal}`,
      SESSION_SVC_URL: `http://${at['session-svc'].internal}`, CONTENT_SVC_URL: `http://${at['content-svc'].internal}`,
    };
    for (const name of names) await this.startService(name);
    this.front = http.createServer((asked, answer) => this.#pass(asked, answer));
    await new Promise((resolve) => { this.front.listen(0, '127.0.0.1', resolve); });
    this.url = `http://127.0.0.1:${this.front.address().port}`;
  }

  #pass(asked, answer) {
    const path = asked.url.split('?')[0];
    const route = this.#routes.find((r) => path === r.path || (!r.exact && path.startsWith(`${r.path}/`)));
    if (!route) {
      answer.writeHead(404).end();
      return;
    }
    const [host, port] = this.#addresses[route.service].public.split(':');
    const headers = { ...asked.headers, 'x-forwarded-for': '127.0.0.1' };
    const on = http.request({ host, port, path: asked.url, method: asked.method, headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      answer.flushHeaders();
      got.pipe(answer);
      got.on('error', () => answer.destroy());
    });
    on.on('error', () => {
      if (!answer.headersSent) answer.writeHead(503, { 'Retry-After': '1', 'Content-Type': 'application/problem+json' }).end('{"code":"unavailable","detail":"x","status":503}');
      else answer.destroy();
    });
    answer.on('close', () => on.destroy());
    asked.pipe(on);
  }

  async startService(name) {
    const at = this.#addresses[name];
    const env = {
      ...this.env, PUBLIC_ADDR: at.public, INTERNAL_ADDR: at.internal, OPERATIONS_ADDR: at.operations, MONGODB_DATABASE: `browser_${process.pid}_${name}`,
    };
    this.#spawn(name, join(root, '.local/bin', name), [], env);
    await until(name, () => ask(`http://${at.operations}/readyz`));
  }

  async startRedis() {
    this.#spawn('redis', 'redis-server', ['--port', String(this.redis), '--bind', '127.0.0.1', '--save', '', '--dir', this.#folder, '--loglevel', 'warning'], process.env);
    await until('redis', () => connects(this.redis));
  }

  #spawn(name, program, args, env) {
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'], cwd: this.#folder });
    this.#running.set(name, child);
  }

  // stop ends a part, and waits until it has ended.
  async stop(name, signal = 'SIGTERM') {
    const child = this.#running.get(name);
    this.#running.delete(name);
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => { child.once('exit', resolve); });
    child.kill(signal);
    await ended;
  }

  async close() {
    this.front?.close();
    this.front?.closeAllConnections();
    for (const name of [...this.#running.keys()]) await this.stop(name, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

// routesOf reads the paths of a service from its run.yaml, which is plain enough.
function routesOf(service) {
  const routes = [];
  for (const line of readFileSync(join(root, service, 'run.yaml'), 'utf8').split('\n')) {
    const path = line.match(/^ {2}- path: (\S+)/)?.[1];
    if (path) routes.push({ path, service, exact: false });
    else if (/^ {4}exact: true/.test(line)) routes.at(-1).exact = true;
  }
  return routes;
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function ask(url) {
  return new Promise((resolve) => {
    http.get(url, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

function connects(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

// until waits for a condition, for at most a minute.
export async function until(what, condition, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    if (await condition()) return;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
