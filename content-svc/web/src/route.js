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

addEventListener('hashchange', () => route.set(parse()));

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
