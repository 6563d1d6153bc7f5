// What the account plays, as the services tell it (Server-Sent Events). One tab listens, and tells the others.
import { watch } from 'streamgate-client';
import { account, session } from './api.js';
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
      await watch(session, {
        signal,
        tell: (seen) => showAll({ watching: seen, connected: true }),
        connected: (stands) => showAll({ connected: stands }),
      });
      leading = false;
    });
  } catch {
    leading = false; // somebody signed out while we waited for our turn
  }
}
