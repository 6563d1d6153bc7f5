import { useEffect, useState } from 'preact/hooks';
import { call } from './api.js';
import { say, useTask, Failure } from './parts.jsx';
import { useNow, useStore } from './store.js';
import { showSince, t } from './text.js';
import { watching } from './watching.js';

// titles of contents, by id; what is deleted has none.
const titles = new Map();

// useTitles returns a function that returns the titles of contents, which are fetched as they are needed.
export function useTitles(ids) {
  const [, draw] = useState(0);
  useEffect(() => {
    for (const id of ids) {
      if (titles.has(id)) continue;
      titles.set(id, '…');
      call('GET', `/content/${id}`).then(
        ({ name }) => titles.set(id, name),
        (problem) => (problem.status === 404 ? titles.set(id, '–') : titles.delete(id)),
      ).then(() => draw((n) => n + 1));
    }
  }, [ids.join()]);
  return (id) => titles.get(id) ?? '…';
}

// Watching shows what the account plays, on which device and since when. Each of it can be ended.
export function Watching({ own }) {
  const seen = useStore(watching);
  const now = useNow(15_000);
  const title = useTitles(seen?.streams.map(({ content }) => content) ?? []);
  return (
    <section class="watching" aria-labelledby="watching">
      <h2 id="watching">{t('watching.title')}</h2>
      {seen && <Places streams={seen.streams} limit={seen.limit} />}
      <p class="quiet" role="status">
        {!seen ? t('watching.unknown') : seen.streams.length ? t('watching.places', seen.active, seen.limit) : t('watching.nobody')}
      </p>
      {seen?.streams.length > 0 && (
        <ul>
          {seen.streams.map((stream) => (
            <li key={stream.id}>
              <span>
                <strong dir="auto">{title(stream.content)}</strong>
                <span class="quiet">
                  {stream.device} · {t('watching.since', showSince(stream.startedAt, now))}
                </span>
              </span>
              {stream.id === own ? <span class="badge here">{t('watching.here')}</span> : <End stream={stream} title={title(stream.content)} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function End({ stream, title }) {
  const [busy, problem, end] = useTask(async () => {
    await call('DELETE', `/streams/${stream.id}`);
    say(t('watching.ended', title, stream.device));
  });
  return (
    <>
      <button type="button" disabled={busy} onClick={end} aria-label={t('watching.endLabel', title, stream.device)}>{t('watching.end')}</button>
      <Failure problem={problem} />
    </>
  );
}

// Places draws the account's places, the taken ones filled.
function Places({ streams, limit }) {
  if (limit > 12) return null;
  const places = Array.from({ length: Math.max(limit, streams.length) }, (_, i) => <i key={i} class={i < streams.length ? 'taken' : ''} />);
  return <div class="places" aria-hidden="true">{places}</div>;
}
