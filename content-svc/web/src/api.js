// Who is signed in. The access token is in memory alone. The refresh token is in a cookie that no script can read.
import { basic, Problem, Session } from 'streamgate-client';
import { Store } from './store.js';
import { alone, hear, tell } from './tabs.js';

export { Problem };

// account is who is signed in; null is nobody, undefined is not known yet.
export const account = new Store(undefined);

// expelled says that the device was signed out, and not by who sits before it.
export const expelled = new Store(false);

// Browsers keep the cookie on https, and on http of their own machine. Elsewhere the refresh token is in memory, too, and a reload asks for the
// password again.
export const session = new Session({
  cookie: remembered,
  alone: (task) => alone('refresh', {}, task),
  signedIn: (told) => {
    remember(!told.refreshToken);
    expelled.set(false);
    account.set(told.user);
    tell('signed in', told);
  },
  lost: () => {
    expelled.set(Boolean(account.value));
    forget();
  },
});

hear('signed in', (told) => {
  session.adopt(told);
  account.set(told.user);
});

hear('signed out', () => {
  session.forget();
  account.set(null);
});

// forget is what is left to do when the session has ended.
export function forget() {
  session.forget();
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
      await session.token();
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

export const token = () => session.token();

export const signIn = (email, password) => session.signIn(email, password, { cookie: isSecureContext });

export const signUp = (email, password) => send('POST', '/users', { body: { email, password } });

export async function signOut() {
  await session.signOut();
  forget();
}

// changePassword keeps this device signed in, and signs out the others.
export async function changePassword(present, next) {
  const body = { password: next, access_token: await token() };
  return send('PUT', '/users/me/password', { headers: basic(account.value.email, present), body });
}

// call sends a request as who is signed in, and returns the answer's JSON.
export const call = (method, path, options) => session.call(method, path, options);

// request returns the answer itself.
export const request = (method, path, options) => session.request(method, path, options);

// send sends a request as nobody.
export const send = (method, path, options) => session.send(method, path, options);

// download saves an answer as a file. It needs the access token, so that a link alone would not do.
export async function download(path, name) {
  const answer = await request('GET', path);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// list returns a list's page and how many there are on all pages.
export async function list(path, query) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '' && value != null));
  const answer = await session.request('GET', `${path}?${parameters}`);
  return { items: await answer.json(), total: Number(answer.headers.get('X-Total-Count')) };
}
