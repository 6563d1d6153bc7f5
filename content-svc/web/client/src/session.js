import { ask, Problem } from './problem.js';

// Session is a device that is signed in, or may be.
//
//	base         scheme and host of the API; '' is the page's own
//	refreshToken of an earlier sign-in; it is good once
//	cookie       () => whether the refresh token may be in a cookie, as it is after signIn(…, {cookie: true}) on a page of the API's own host
//	alone        (task) => runs the task while no other tab runs one, so that each refresh token is used once
//	signedIn     told of {access, refreshToken, user} after each sign-in and refresh: what is to be kept, and what other tabs adopt
//	lost         told that the session has ended, by somebody else
export class Session {
  #base;
  #cookie;
  #alone;
  #signedIn;
  #lost;
  #access = null; // {token, until}
  #refreshToken;

  constructor({ base = '', refreshToken = null, cookie = () => false, alone = oneAtATime(), signedIn = () => {}, lost = () => {} } = {}) {
    this.#base = base.replace(/\/$/, '');
    this.#refreshToken = refreshToken;
    this.#cookie = cookie;
    this.#alone = alone;
    this.#signedIn = signedIn;
    this.#lost = lost;
  }

  // token returns an access token that is good for half a minute more. Its error is a Problem: 401 if nobody is signed in.
  async token() {
    if (!this.#access || this.#access.until - Date.now() < 30_000) await this.#refresh(this.#access?.token);
    return this.#access.token;
  }

  // tokenNow returns the access token as it is, for a page that goes away and can't wait.
  tokenNow() {
    return this.#access?.token;
  }

  // refresh gets the token that comes after the old one, unless somebody else has just got it.
  #refresh(old) {
    return this.#alone(async () => {
      if (this.#access && this.#access.token !== old) return;
      if (!this.#refreshToken && !this.#cookie()) throw new Problem({ status: 401, code: 'signed_out', detail: '' });
      try {
        const body = this.#refreshToken ? { refreshToken: this.#refreshToken } : undefined;
        this.#accept(await this.send('POST', '/auth/refresh', { body }));
      } catch (problem) {
        if (problem.status === 401 || problem.status === 400) {
          this.forget();
          this.#lost();
        }
        throw problem;
      }
    });
  }

  #accept({ token, expiresIn, user, refreshToken = null }) {
    this.adopt({ access: { token, until: Date.now() + expiresIn * 1000 }, refreshToken });
    this.#signedIn({ access: this.#access, refreshToken, user });
  }

  // adopt goes on with what another tab was told.
  adopt({ access, refreshToken }) {
    this.#access = access;
    this.#refreshToken = refreshToken;
  }

  // forget is what is left to do when the session has ended.
  forget() {
    this.adopt({ access: null, refreshToken: null });
  }

  // signIn signs the device in. With cookie, no script sees the refresh token.
  async signIn(email, password, { cookie = false } = {}) {
    this.#accept(await this.send('POST', '/auth', { headers: basic(email, password), body: { cookie } }));
  }

  // signOut signs the device out, which ends its streams.
  async signOut() {
    await this.call('DELETE', '/auth');
    this.forget();
  }

  // call sends a request as who is signed in, and returns the answer's JSON, or null if there is none.
  async call(method, path, options = {}) {
    return content(await this.request(method, path, options));
  }

  // request returns the answer itself. What is repeated after a new token can be.
  async request(method, path, options = {}) {
    const bearer = await this.token();
    const authorized = (token) => ({ ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
    try {
      return await this.#ask(method, path, authorized(bearer));
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      await this.#refresh(bearer);
      return this.#ask(method, path, authorized(await this.token()));
    }
  }

  // send sends a request as nobody.
  async send(method, path, options = {}) {
    return content(await this.#ask(method, path, options));
  }

  // goodbye deletes something, also from a page that goes away: it waits neither for a token nor for an answer.
  goodbye(path) {
    const headers = { Authorization: `Bearer ${this.tokenNow()}` };
    this.#ask('DELETE', path, { headers, keepalive: true }).catch(() => {});
  }

  #ask(method, path, options) {
    return ask(this.#base + path, { ...options, method });
  }
}

const content = (answer) => (answer.status === 204 || answer.status === 202 ? null : answer.json());

// basic is the header of a name and a password, in UTF-8.
export function basic(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

// oneAtATime runs tasks one after the other.
function oneAtATime() {
  let last = Promise.resolve();
  return (task) => {
    const run = last.then(task);
    last = run.catch(() => {});
    return run;
  };
}
