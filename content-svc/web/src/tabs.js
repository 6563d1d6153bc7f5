// What the tabs of one browser share: one sign-in, one connection for events (a browser has six for each host, and films need them),
// and the order in which they refresh.
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('streamgate');
const listeners = {};

if (channel) channel.onmessage = ({ data: { kind, value } }) => listeners[kind]?.(value);

// tell sends something to the other tabs.
export function tell(kind, value) {
  channel?.postMessage({ kind, value });
}

// hear calls the listener with what another tab tells.
export function hear(kind, listener) {
  listeners[kind] = listener;
}

// alone runs the task while no other tab runs one of the same name. Without locks (plain http elsewhere than on this machine), each
// tab is on its own.
export function alone(name, options, task) {
  if (navigator.locks) return navigator.locks.request(`streamgate ${name}`, options, task);
  return task({ name });
}
