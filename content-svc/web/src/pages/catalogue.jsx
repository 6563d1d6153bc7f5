import { useEffect, useRef, useState } from 'preact/hooks';
import { call, list } from '../api.js';
import { Confirm, Dialog, Failure, Field, Loading, Page, Pages, say, useDelayed, useLoad, useTask } from '../parts.jsx';
import { useStore } from '../store.js';
import { showDay, showLength, showShare, showSize, t } from '../text.js';
import { Transfer } from '../upload.js';
import { Poster } from './films.jsx';

const limit = 20;

// Catalogue is what administrators do with the films.
export default function Catalogue() {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const [editing, setEditing] = useState(null);
  const [deleting, setDeleting] = useState(null);
  const q = useDelayed(search.trim());
  const [found, problem, again] = useLoad(() => list('/content', { q, page, limit }), [q, page]);
  const remove = async () => {
    await call('DELETE', `/content/${deleting.id}`);
    say(t('manage.deleted', deleting.name));
    setDeleting(null);
    again();
  };
  return (
    <Page title={t('manage.title')} actions={<button type="button" class="primary" onClick={() => setEditing({})}>{t('manage.new')}</button>}>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label={t('films.search')} type="search" name="q" value={search} maxLength={100} autoComplete="off"
          onInput={({ target }) => { setPage(1); setSearch(target.value); }} />
      </form>
      <Failure problem={problem} again={again} />
      {!found && !problem && <Loading />}
      <p class="quiet" role="status">{found && (found.total ? t('manage.count', found.total) : t(q ? 'films.none' : 'films.empty'))}</p>
      <ul class="rows managed">
        {found?.items.map((film) => (
          <li key={film.id}>
            <span class="rowposter">
              <Poster film={film} />
              <span>
                <strong dir="auto">{film.name}</strong>
                <span class="quiet">{facts(film)}</span>
              </span>
            </span>
            <span class="actions">
              <button type="button" onClick={() => setEditing(film)} aria-label={t('manage.editTitle', film.name)}>{t('common.edit')}</button>
              <button type="button" class="danger" onClick={() => setDeleting(film)} aria-label={t('manage.deleteTitle', film.name)}>
                {t('common.delete')}
              </button>
            </span>
          </li>
        ))}
      </ul>
      {found && <Pages page={page} limit={limit} total={found.total} onPage={setPage} />}
      {editing && <Editor film={editing} onClose={() => { setEditing(null); again(); }} />}
      {deleting && (
        <Confirm title={t('manage.deleteTitle', deleting.name)} text={t('manage.deleteText')} action={t('common.delete')}
          onClose={() => setDeleting(null)} onConfirm={remove} />
      )}
    </Page>
  );
}

function facts(film) {
  return [
    t(`manage.type.${film.type}`),
    film.duration && showLength(film.duration),
    film.width && `${film.width} × ${film.height}`,
    `${t('manage.updated')} ${showDay(film.updatedAt)}`,
  ].filter(Boolean).join(' · ');
}

// Editor adds a content or changes one. Files are sent first; the content changes at once, when they are there.
function Editor({ film, onClose }) {
  const isNew = !film.id;
  const [transfers, setTransfers] = useState([]);
  const [checking, setChecking] = useState(false);
  const [asking, setAsking] = useState(false);
  const running = useRef([]);
  useEffect(() => () => { for (const transfer of running.current) transfer.drop(); }, []);
  useEffect(() => {
    const warn = (event) => { if (running.current.length) event.preventDefault(); };
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, []);

  const [busy, problem, submit] = useTask(async ({ target }) => {
    const values = new FormData(target);
    const body = {};
    for (const name of ['type', 'name', 'description']) {
      if (isNew || values.get(name) !== film[name]) body[name] = values.get(name);
    }
    if (values.get('src')) body.src = values.get('src');
    const files = [['upload', values.get('upload')], ['poster', values.get('poster')]].filter(([, file]) => file?.size > 0);
    running.current = files.map(([, file]) => new Transfer(file));
    setTransfers(running.current);
    try {
      for (const [i, [name]] of files.entries()) body[name] = await running.current[i].run();
      setChecking(true);
      if (Object.keys(body).length) await call(isNew ? 'POST' : 'PUT', isNew ? '/content' : `/content/${film.id}`, { body });
      running.current = [];
    } finally {
      setChecking(false);
      setAsking(false);
      for (const transfer of running.current) transfer.drop();
      running.current = [];
      setTransfers([]);
    }
    say(t('manage.saved', values.get('name')));
    onClose();
  });

  const close = () => (running.current.length ? setAsking(true) : onClose());
  return (
    <Dialog title={isNew ? t('manage.newTitle') : t('manage.editTitle', film.name)} onClose={close}>
      <form onSubmit={submit}>
        <fieldset disabled={busy}>
          <Field label={t('field.name')} name="name" defaultValue={film.name ?? ''} required maxLength={200} problem={problem} />
          <Field label={t('manage.type')} name="type" problem={problem}>
            {(own) => (
              <select {...own}>
                {['vod', 'livestream'].map((type) => (
                  <option key={type} value={type} selected={type === (film.type ?? 'vod')}>{t(`manage.type.${type}`)}</option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('manage.description')} name="description" problem={problem}>
            {(own) => <textarea {...own} maxLength={2000} defaultValue={film.description ?? ''} />}
          </Field>
          <Field label={t('manage.upload')} name="upload" type="file" accept=".mp4,.m4v,.webm,.tar,.zip,video/mp4,video/webm" help={t('manage.uploadHelp')} problem={problem} />
          <Field label={t('manage.poster')} name="poster" type="file" accept="image/jpeg,image/png,image/webp" help={t('manage.posterHelp')} problem={problem} />
          <Field label={t('manage.address')} name="src" maxLength={2048} help={t('manage.addressHelp')} autoComplete="off" problem={problem} />
        </fieldset>
        {transfers.map((transfer, i) => <Progress key={i} transfer={transfer} />)}
        <div role="status">{checking && <p>{t('manage.checking')}</p>}</div>
        <Failure problem={problem} />
        <div class="actions">
          <button type="button" onClick={close}>{t('common.cancel')}</button>
          <button class="primary" disabled={busy}>{isNew ? t('manage.create') : t('common.save')}</button>
        </div>
      </form>
      {asking && (
        <Confirm title={t('manage.stopTitle')} text={t('manage.stopText')} action={t('manage.stop')} keep={t('manage.stopNot')}
          onClose={() => setAsking(false)} onConfirm={onClose} />
      )}
    </Dialog>
  );
}

// Progress is of one file on its way.
function Progress({ transfer }) {
  const { sent, size, paused, done } = useStore(transfer.state);
  const shown = useRef();
  useEffect(() => { shown.current.scrollIntoView({ block: 'nearest' }); }, []);
  return (
    <div class="upload" ref={shown}>
      <span>{transfer.file.name}</span>
      <progress max={size} value={sent} aria-label={transfer.file.name} />
      <div class="actions start">
        <span class="quiet">{t('manage.progress', showSize(sent), showSize(size), showShare(sent / size))}{paused && ` · ${t('manage.paused')}`}</span>
        {!done && (
          <button type="button" onClick={() => (paused ? transfer.resume() : transfer.pause())}>
            {paused ? t('manage.resume') : t('manage.pause')}
          </button>
        )}
      </div>
    </div>
  );
}
