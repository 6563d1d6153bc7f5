// Requests to the services, with the access token, which is in memory alone. The refresh token is in a cookie that no script can read.
import { Store } from './store.js';
import { alone, hear, tell } from './tabs.js';

// account is who is signed in; null is nobody, undefined is not known yet.
export const account = new Store(undefined);

// expelled says that the device was signed out, and not by who sits before it.
export const expelled = new Store(false);

// Problem is an answer that is an error: a problem document, or none at all (status 0, code offline).
export class Problem extends Error {
  constructor(document, retryAfter = 0) {
    super(document.detail);
    Object.assign(this, document);
    this.retryAfter = retryAfter; // seconds
  }
}

let access = null; // {token, until}

// Browsers keep the cookie on https, and on http of their own machine. Elsewhere the refresh token is in memory, too, and a reload asks for the
// password again.
let refreshToken = null;

// token returns an access token that is good for half a minute more. Its error is a Problem: 401 session_ended if nobody is signed in.
export async function token() {
  if (!access || access.until - Date.now() < 30_000) await refresh(access?.token);
  return access.token;
}

// tokenNow returns the access token as it is, for a page that goes away and can't wait.
export const tokenNow = () => access?.token;

// refresh gets the token that comes after the old one, unless another tab has just got it.
function refresh(old) {
  return alone('refresh', {}, async () => {
    if (access && access.token !== old) return;
    if (!refreshToken && !remembered()) throw new Problem({ status: 401, code: 'signed_out', detail: '' });
    try {
      accept(await send('POST', '/auth/refresh', refreshToken ? { body: { refreshToken } } : {}));
    } catch (problem) {
      if (problem.status === 401 || problem.status === 400) {
        expelled.set(Boolean(account.value));
        forget();
      }
      throw problem;
    }
  });
}

function accept({ token: text, expiresIn, user, refreshToken: next = null }) {
  access = { token: text, until: Date.now() + expiresIn * 1000 };
  refreshToken = next;
  remember(!next);
  expelled.set(false);
  account.set(user);
  tell('signed in', { access, user, refreshToken });
}

hear('signed in', (told) => {
  access = told.access;
  refreshToken = told.refreshToken;
  account.set(told.user);
});

hear('signed out', () => {
  access = null;
  refreshToken = null;
  account.set(null);
});

// forget is what is left to do when the session has ended.
export function forget() {
  access = null;
  refreshToken = null;
  remember(false);
  account.set(null);
  tell('signed out');
}

// Whether there may be a cookie. Only this is kept, so that a first visit asks for nothing.
function remember(signedIn) {
  try {
    if (signedIn) localStorage.setItem('signed in', 'yes');
    else localStorage.removeItem('signed in');
  } catch {
    // A browser that keeps nothing forgets its user with the tab.
  }
}

function remembered() {
  try {
    return localStorage.getItem('signed in') === 'yes';
  } catch {
    return false;
  }
}

// begin finds out whether somebody is signed in, until it is known.
export async function begin() {
  for (let wait = 1000; ; wait = Math.min(2 * wait, 10_000)) {
    try {
      await token();
      return;
    } catch (problem) {
      if (account.value !== undefined) return;
      if (problem.code === 'signed_out' || (problem.status >= 400 && problem.status < 500 && problem.status !== 429)) {
        account.set(null);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

export async function signIn(email, password) {
  accept(await send('POST', '/auth', { headers: basic(email, password), body: { cookie: isSecureContext } }));
}

export const signUp = (email, password) => send('POST', '/users', { body: { email, password } });

export async function signOut() {
  await call('DELETE', '/auth');
  forget();
}

// changePassword keeps this device signed in, and signs out the others.
export async function changePassword(present, next) {
  const body = { password: next, access_token: await token() };
  return send('PUT', '/users/me/password', { headers: basic(account.value.email, present), body });
}

// basic is the header of a name and a password, in UTF-8.
function basic(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

// call sends a request as who is signed in, and returns the answer's JSON. What is repeated after a new token can be.
export async function call(method, path, options = {}) {
  const answer = await request(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

// list returns a list's page and how many there are on all pages.
export async function list(path, query) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '' && value != null));
  const answer = await request('GET', `${path}?${parameters}`);
  return { items: await answer.json(), total: Number(answer.headers.get('X-Total-Count')) };
}

// request returns the answer itself.
export async function request(method, path, options = {}) {
  const bearer = await token();
  const authorized = (text) => ({ ...options, headers: { ...options.headers, Authorization: `Bearer ${text}` } });
  try {
    return await ask(method, path, authorized(bearer));
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    await refresh(bearer);
    return ask(method, path, authorized(await token()));
  }
}

// send sends a request as nobody.
export async function send(method, path, options) {
  const answer = await ask(method, path, options);
  return answer.status === 204 || answer.status === 202 ? null : answer.json();
}

async function ask(method, path, { headers = {}, body, signal, keepalive } = {}) {
  const init = { method, headers: { ...headers }, signal, keepalive, cache: 'no-store' };
  if (body instanceof Blob) {
    init.body = body;
  } else if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({ status: 0, code: 'offline', detail: error.message });
  }
  if (answer.ok) return answer;
  let document = { status: answer.status, code: 'unknown', detail: answer.statusText };
  try {
    document = await answer.json();
  } catch {
    // Something between us and the services has answered.
  }
  throw new Problem({ ...document, status: answer.status }, Number(answer.headers.get('Retry-After')) || 0);
}
