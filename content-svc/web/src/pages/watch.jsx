import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api.js';
import { Dialog, Failure, Loading, Page, useLoad } from '../parts.jsx';
import { Playback, playerId } from '../playback.js';
import { go } from '../route.js';
import { useNow, useStore, Store } from '../store.js';
import { explain, showSeconds, showSince, t } from '../text.js';
import { Watching, useTitles } from '../watching.jsx';
import { watching } from '../watching.js';

const nothing = new Store({ phase: 'starting' });

// Watch is a screen.
export function Watch({ id }) {
  const [film, problem, again] = useLoad(() => call('GET', `/content/${encodeURIComponent(id)}`), [id]);
  if (problem) {
    return (
      <Page title={t(problem.status === 404 || problem.status === 400 ? 'watch.gone' : 'watch.failed')}>
        <Failure problem={problem} again={problem.status === 404 || problem.status === 400 ? undefined : again} />
        <p><a href="#/">{t('watch.back')}</a></p>
      </Page>
    );
  }
  return film ? <Screen film={film} /> : <Loading />;
}

function Screen({ film }) {
  const video = useRef();
  const [playback, setPlayback] = useState(null);
  const state = useStore(playback?.state ?? nothing);

  useEffect(() => {
    let made = null;
    let gone = false;
    playerId().then((player) => {
      if (gone) return;
      made = new Playback(film, video.current, player);
      made.start();
      setPlayback(made);
    });
    return () => {
      gone = true;
      made?.close();
    };
  }, [film.id]);

  const again = () => playback.start();
  return (
    <Page title={film.name} class="watch" actions={<a href="#/">{t('watch.back')}</a>}>
      <div class="show">
        <div class="stage">
          <video ref={video} controls playsInline loop={film.type === 'livestream'} poster={film.poster} aria-label={film.name} />
          {state.phase === 'starting' && <Cover><p role="status">{t('watch.starting')}</p></Cover>}
          {state.phase === 'held' && <Held state={state} />}
          {state.phase === 'ended' && <Ended state={state} again={again} />}
          {state.phase === 'refused' && <Cover />}
          {state.phase === 'over' && (
            <Cover>
              <p class="large" role="status">{t('watch.over')}</p>
              <button type="button" class="primary" onClick={again}>{t('watch.again')}</button>
            </Cover>
          )}
          {state.phase === 'rested' && (
            <Cover>
              <div role="status">
                <p class="large">{t('watch.rested')}</p>
                <p>{t('watch.restedText')}</p>
              </div>
              <button type="button" class="primary" onClick={again}>{t('watch.goOn')}</button>
            </Cover>
          )}
          {state.phase === 'failed' && (
            <Cover>
              <div role="alert">
                <p class="large">{t('watch.failed')}</p>
                <p>{state.problem.code?.startsWith('media_') ? t(`watch.failed.${state.problem.code}`) : explain(state.problem)}</p>
              </div>
              <button type="button" class="primary" onClick={again}>{t('watch.retry')}</button>
            </Cover>
          )}
          {state.phase === 'refused' && <Refused state={state} playback={playback} />}
        </div>
        <div class="beside">
          <div class="trouble" role="status">{state.phase === 'playing' && state.troubled && <p>{t('watch.troubled')}</p>}</div>
          {film.description && <p class="about description" dir="auto">{film.description}</p>}
          <Watching own={playback?.streamId} />
        </div>
      </div>
    </Page>
  );
}

function Cover({ children }) {
  return <div class="cover">{children}</div>;
}

// Held counts down to the next try.
function Held({ state }) {
  const now = useNow(250);
  const left = Math.max(0, Math.ceil((state.until - now) / 1000));
  const why = ['recovering', 'too_many_starts', 'offline'].includes(state.why) ? state.why : 'unavailable';
  return (
    <Cover>
      <div role="status">
        <p class="large">{t('held.title')}</p>
        <p>{t(`held.${why}`)}</p>
      </div>
      <p class="countdown" role="timer">{t('held.seconds', left)}</p>
    </Cover>
  );
}

// Ended says who took the screen's place.
function Ended({ state, again }) {
  const button = useRef();
  useEffect(() => { button.current.focus(); }, []);
  const by = state.by || t('ended.other');
  let text = t(`ended.${state.reason}`, by);
  if (state.reason === 'terminated' && state.by === 'support') text = t('ended.support');
  if (state.reason === 'session_ended' && state.by) text = t('ended.session_ended_by', by);
  return (
    <Cover>
      <div role="alert">
        <p class="large">{t('ended.title')}</p>
        <p>{text}</p>
      </div>
      <button type="button" class="primary" ref={button} onClick={again}>{t('ended.again')}</button>
    </Cover>
  );
}

// Refused shows who holds the places. Each can be taken over.
function Refused({ state, playback }) {
  const seen = useStore(watching);
  const now = useNow();
  // What is told of all the time is newer than what the refusal said, once it is about the same streams.
  const streams = seen && seen.streams.length > 0 ? seen.streams : state.streams;
  const free = seen && seen.active < seen.limit;
  useEffect(() => {
    // Renewals are no news to those who are told of changes, and move the time until which a place is held.
    const timer = setInterval(() => call('GET', '/streams').then((seen) => watching.set(seen), () => {}), 3000);
    return () => clearInterval(timer);
  }, []);
  const title = useTitles(streams.map(({ content }) => content));
  const [busy, setBusy] = useState(false);
  useEffect(() => setBusy(false), [state]);
  const take = (id) => () => {
    setBusy(true);
    playback.start(id);
  };
  return (
    <Dialog title={t('refused.title', state.limit)} leaves onClose={() => go()}>
      <p role="status">{free ? t('refused.free') : t('refused.text')}</p>
      <ul class="holders">
        {streams.map((stream) => (
          <li key={stream.id}>
            <span>
              <strong dir="auto">{title(stream.content)}</strong>
              <span class="quiet">{stream.device}</span>
              <span class="quiet">
                {t('refused.since', showSince(stream.startedAt, now))} · {t('refused.until', showSeconds(stream.expiresAt))}
              </span>
            </span>
            <button type="button" disabled={busy} onClick={take(stream.id)}
              aria-label={t('refused.replaceLabel', title(stream.content), stream.device)}>
              {t('refused.replace')}
            </button>
          </li>
        ))}
      </ul>
      <div class="actions">
        <button type="button" onClick={() => go()}>{t('refused.cancel')}</button>
        {free && <button type="button" class="primary" disabled={busy} onClick={take()}>{t('refused.play')}</button>}
      </div>
    </Dialog>
  );
}
