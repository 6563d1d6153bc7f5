// watch tells what the account plays, {limit, active, streams}, at once and after each change, until its signal aborts. connected is told whether
// the connection stands.
export async function watch(session, { signal, tell, connected = () => {} }) {
  for (let wait = 500; !signal.aborted; wait = Math.min(2 * wait, 8000)) {
    try {
      const answer = await session.request('GET', '/streams/events', { signal });
      for await (const { event, data } of events(answer.body)) {
        wait = 500;
        if (event !== 'streams') continue;
        connected(true);
        tell(JSON.parse(data));
      }
    } catch {
      if (!signal.aborted) connected(false);
    }
    await pause(wait * (0.5 + Math.random()), signal);
  }
}

// events reads Server-Sent Events. A line may end in CR, LF or both, and the chunks that come may end anywhere.
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader(); // not every browser iterates over streams by itself
  let rest = '';
  let event = '';
  let data = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        const [, field, text] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (line === '') {
          if (data.length) yield { event: event || 'message', data: data.join('\n') };
          event = '';
          data = [];
        } else if (field === 'event') {
          event = text;
        } else if (field === 'data') {
          data.push(text);
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

// pause waits, but no longer than the network is away.
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    globalThis.addEventListener?.('online', end);
    signal.addEventListener('abort', end);
  });
}
