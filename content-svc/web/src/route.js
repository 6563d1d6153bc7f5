// Addresses of the app are fragments (#/watch/<id>): what the services route is left to them, and a reset's token is in no log.
import { useEffect } from 'preact/hooks';
import { Store } from './store.js';

const parse = () => location.hash.replace(/^#\/?/, '').split('/').map(decode).filter(Boolean);

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = new Store(parse());

// holds close the dialogues that are open, the last one on top. The browser's Back closes that, and leaves the page only then.
const holds = [];

// hold makes Back call close, until the function that it returns is called.
export function hold(close) {
  holds.push(close);
  return () => holds.splice(holds.indexOf(close), 1);
}

let shown = location.hash;
addEventListener('hashchange', () => {
  if (location.hash === shown) return; // forward again
  if (holds.length) {
    history.forward();
    holds.at(-1)();
    setTimeout(follow, 300); // to an address that was typed, where there is no way forward
  } else {
    follow();
  }
});

function follow() {
  if (holds.length) return;
  shown = location.hash;
  route.set(parse());
}

export const href = (...segments) => `#/${segments.map(encodeURIComponent).join('/')}`;

export function go(...segments) {
  location.hash = href(...segments);
}

// usePage names the page in the window's title, and moves the focus to its heading, so that who hears the page hears where they are.
let first = true;
export function usePage(title, heading) {
  useEffect(() => {
    document.title = `${title} · Streamgate`;
    if (!first && !document.querySelector('dialog[open]')) heading.current?.focus({ preventScroll: true });
    if (!first) scrollTo(0, 0);
    first = false;
  }, []);
  useEffect(() => {
    document.title = `${title} · Streamgate`;
  }, [title]);
}
