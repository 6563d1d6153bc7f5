import { useEffect, useRef, useState } from 'preact/hooks';
import { account, list } from '../api.js';
import { Failure, Field, Loading, Page, useDelayed } from '../parts.jsx';
import { positionOf } from '../playback.js';
import { href } from '../route.js';
import { showLength, t } from '../text.js';
import { Watching } from '../watching.jsx';

const sorts = ['-createdAt', 'createdAt', 'name', '-name'];
const limit = 24;

// What a person had before a film was opened, and comes back to.
let kept;
const fresh = () => ({ who: account.value.id, search: '', sort: sorts[0], page: 1, found: null, scrolled: 0 });

// Films is the catalogue.
export function Films() {
  if (kept?.who !== account.value.id) kept = fresh();
  const [search, setSearch] = useState(kept.search);
  const [sort, setSort] = useState(kept.sort);
  const [page, setPage] = useState(kept.page);
  const [found, setFound] = useState(kept.found);
  const [problem, setProblem] = useState(null);
  const [round, setRound] = useState(0);
  const q = useDelayed(search.trim());

  useEffect(() => { scrollTo(0, kept.scrolled); }, []);
  useEffect(() => { Object.assign(kept, { search, sort, page, found }); });

  const first = useRef(true);
  useEffect(() => {
    const cameBack = first.current && page > 1; // the pages before this one are there, and this one too
    first.current = false;
    if (cameBack) return undefined;
    let current = true;
    list('/content', { q, sort, page, limit }).then(
      ({ items, total }) => {
        if (!current) return;
        setFound((before) => ({ total, items: page === 1 ? items : [...before.items, ...items] }));
        setProblem(null);
      },
      (failure) => current && setProblem(failure),
    );
    return () => { current = false; };
  }, [q, sort, page, round]);
  const again = () => setRound((n) => n + 1);
  useEffect(() => {
    addEventListener('online', again);
    return () => removeEventListener('online', again);
  }, []);

  const fromStart = (set) => ({ target }) => {
    setPage(1);
    set(target.value);
  };
  return (
    <Page title={t('films.title')}>
      <Watching />
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label={t('films.search')} type="search" name="q" value={search} onInput={fromStart(setSearch)} maxLength={100} autoComplete="off" />
        <Field label={t('films.sort')} name="sort">
          {(own) => (
            <select {...own} value={sort} onChange={fromStart(setSort)}>
              {sorts.map((name) => <option key={name} value={name}>{t(`films.sort.${name}`)}</option>)}
            </select>
          )}
        </Field>
      </form>
      <Failure problem={problem} again={again} />
      {!found && !problem && <Loading />}
      <p class="quiet" role="status">{found && (found.total ? t('films.found', found.total) : t(q ? 'films.none' : 'films.empty'))}</p>
      <ul class="films">
        {found?.items.map((film) => <Film key={film.id} film={film} />)}
      </ul>
      {found && found.items.length < found.total && (
        <p class="more"><button type="button" onClick={() => setPage(page + 1)}>{t('films.more')}</button></p>
      )}
    </Page>
  );
}

function Film({ film }) {
  const left = positionOf(film.id);
  return (
    <li>
      <a class="film" href={href('watch', film.id)} onClick={() => { kept.scrolled = scrollY; }}>
        <Poster film={film} />
        <span class="name" dir="auto">{film.name}</span>
        {film.description && <span class="description" dir="auto">{film.description}</span>}
        {left > 0 && <span class="quiet">{t('films.resume', showLength(left))}</span>}
      </a>
    </li>
  );
}

// Poster is a film's picture, or its first letter on a colour of its own.
export function Poster({ film }) {
  const [broken, setBroken] = useState(false);
  const tint = Number.parseInt(film.id.slice(-2), 16) % 6;
  return (
    <span class={`poster tint${tint}`}>
      {film.poster && !broken
        ? <img src={film.poster} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
        : <span aria-hidden="true">{film.name.match(/[\p{L}\p{N}]/u)?.[0] ?? '·'}</span>}
      {film.type === 'livestream' && <span class="badge live">{t('films.live')}</span>}
      {film.type === 'vod' && film.duration > 0 && <span class="badge">{showLength(film.duration)}</span>}
    </span>
  );
}
