import { useEffect, useState } from 'preact/hooks';

// A value that pages and scripts watch.
export class Store {
  #watchers = new Set();

  constructor(value) {
    this.value = value;
  }

  set(value) {
    if (value === this.value) return;
    this.value = value;
    for (const watcher of [...this.#watchers]) watcher(value);
  }

  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

// useStore returns a store's value, and draws again when it changes.
export function useStore(store) {
  const [value, set] = useState(store.value);
  useEffect(() => {
    set(store.value);
    return store.watch(set);
  }, [store]);
  return value;
}

// useNow returns the time in milliseconds, and draws again with each step.
export function useNow(step = 1000) {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), step);
    return () => clearInterval(timer);
  }, [step]);
  return now;
}
