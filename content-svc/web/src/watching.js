// What the account plays, as the services tell it (Server-Sent Events). One tab listens, and tells the others.
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { account, request } from './api.js';
import { Store } from './store.js';
import { alone, hear, tell } from './tabs.js';

// watching is {limit, active, streams}, or null where it is not known.
export const watching = new Store(null);

// connected says whether the connection stands.
export const connected = new Store(true);

const show = (state) => {
  watching.set(state.watching);
  connected.set(state.connected);
};
hear('watching', show);
hear('what is watched', () => leading && tell('watching', now()));

const now = () => ({ watching: watching.value, connected: connected.value });
const showAll = (state) => {
  show({ ...now(), ...state });
  tell('watching', now());
};

let leading = false;
let stop = null;
let whose;

account.watch((who) => {
  if (who?.id === whose) return;
  whose = who?.id;
  stop?.abort();
  stop = null;
  if (!who) {
    watching.set(null);
    return;
  }
  stop = new AbortController();
  follow(stop.signal);
});

async function follow(signal) {
  tell('what is watched');
  try {
    await alone('events', { signal }, async () => {
      leading = true;
      await listen(signal);
      leading = false;
    });
  } catch {
    leading = false; // somebody signed out while we waited for our turn
  }
}

async function listen(signal) {
  for (let wait = 500; !signal.aborted; wait = Math.min(2 * wait, 8000)) {
    try {
      const answer = await request('GET', '/streams/events', { signal });
      const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const { event, data } of read(events)) {
        if (event === 'streams') showAll({ watching: JSON.parse(data), connected: true });
        wait = 500;
      }
    } catch {
      if (!signal.aborted) showAll({ connected: false });
    }
    await pause(wait * (0.5 + Math.random()), signal);
  }
}

// read is a stream's content; not every browser iterates over streams by itself.
async function* read(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

// pause waits, but no longer than the network is away.
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}
