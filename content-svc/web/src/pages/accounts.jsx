import { useEffect, useState } from 'preact/hooks';
import { call, list } from '../api.js';
import { Confirm, Dialog, Failure, Field, Loading, Page, Pages, say, useDelayed, useLoad, useTask } from '../parts.jsx';
import { useNow } from '../store.js';
import { showDay, showSince, t } from '../text.js';
import { useTitles } from '../watching.jsx';
import { DeviceList } from './devices.jsx';

const limit = 20;

// Accounts is the support desk.
export default function Accounts() {
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const [open, setOpen] = useState(null);
  const q = useDelayed(search.trim());
  const [found, problem, again] = useLoad(() => list('/users', { q, page, limit }), [q, page]);
  return (
    <Page title={t('accounts.title')}>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label={t('accounts.search')} type="search" name="q" value={search} maxLength={100} autoComplete="off"
          onInput={({ target }) => { setPage(1); setSearch(target.value); }} />
      </form>
      <Failure problem={problem} again={again} />
      {!found && !problem && <Loading />}
      <p class="quiet" role="status">{found && (found.total ? t('accounts.count', found.total) : t('accounts.none'))}</p>
      {found?.items.length > 0 && (
        <div class="table" tabIndex={0} role="region" aria-label={t('accounts.title')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('accounts.email')}</th>
                <th scope="col">{t('accounts.name')}</th>
                <th scope="col">{t('accounts.role')}</th>
                <th scope="col" class="number">{t('accounts.limit')}</th>
                <th scope="col">{t('accounts.created')}</th>
              </tr>
            </thead>
            <tbody>
              {found.items.map((account) => (
                <tr key={account.id}>
                  <td>
                    <button type="button" class="plain" onClick={() => setOpen(account)} aria-label={t('accounts.open', account.email)}>
                      {account.email}
                    </button>
                  </td>
                  <td dir="auto">{account.name}</td>
                  <td>{t(`accounts.role.${account.role}`)}</td>
                  <td class="number">{account.plan.maxStreams}</td>
                  <td>{showDay(account.createdAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found && <Pages page={page} limit={limit} total={found.total} onPage={setPage} />}
      {open && <Account account={open} onClose={() => { setOpen(null); again(); }} />}
    </Page>
  );
}

function Account({ account, onClose }) {
  return (
    <Dialog title={account.email} onClose={onClose}>
      <Plan account={account} />
      <Streams account={account} />
      <Sessions account={account} />
      <div class="actions"><button type="button" onClick={onClose}>{t('common.close')}</button></div>
    </Dialog>
  );
}

function Plan({ account }) {
  const [busy, problem, submit] = useTask(async ({ target }) => {
    const pause = target.pauseSeconds.value;
    const body = {
      ...account.plan, maxStreams: Number(target.maxStreams.value), onLimit: target.onLimit.value, pauseSeconds: pause ? Number(pause) : undefined,
    };
    await call('PUT', `/accounts/${account.id}/plan`, { body });
    say(t('accounts.planSaved'));
  });
  return (
    <section aria-labelledby="plan">
      <h3 id="plan">{t('accounts.plan')}</h3>
      <form onSubmit={submit}>
        <div class="filters">
          <Field label={t('accounts.limit')} name="maxStreams" type="number" min={1} max={100} required defaultValue={account.plan.maxStreams} problem={problem} />
          <Field label={t('accounts.onLimit')} name="onLimit" problem={problem}>
            {(own) => (
              <select {...own} defaultValue={account.plan.onLimit}>
                {['deny', 'evict-oldest'].map((choice) => (
                  <option key={choice} value={choice} selected={choice === account.plan.onLimit}>{t(`accounts.onLimit.${choice}`)}</option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('accounts.pause')} help={t('accounts.pauseHelp')} name="pauseSeconds" type="number" min={0} max={14400} defaultValue={account.plan.pauseSeconds ?? ''} problem={problem} />
        </div>
        <Failure problem={problem} />
        <div class="actions start"><button disabled={busy}>{t('common.save')}</button></div>
      </form>
    </section>
  );
}

function Streams({ account }) {
  const path = `/accounts/${account.id}/streams`;
  const [playing, problem, again] = useLoad(() => call('GET', path), [path]);
  const now = useNow(15_000);
  useEffect(() => {
    const timer = setInterval(again, 5000);
    return () => clearInterval(timer);
  }, []);
  const title = useTitles(playing?.streams.map(({ content }) => content) ?? []);
  const [busy, failure, end] = useTask(async (stream) => {
    await call('DELETE', stream ? `${path}/${stream.id}` : path);
    say(stream ? t('watching.ended', title(stream.content), stream.device) : t('accounts.allEnded'));
    again();
  });
  return (
    <section aria-labelledby="plays">
      <h3 id="plays">{t('accounts.streams')}</h3>
      <Failure problem={problem ?? failure} />
      {playing?.streams.length === 0 && <p class="quiet">{t('accounts.noStreams')}</p>}
      {!playing && !problem && <Loading />}
      {playing?.streams.length > 0 && (
        <ul class="rows">
          {playing.streams.map((stream) => (
            <li key={stream.id}>
              <span>
                <strong dir="auto">{title(stream.content)}</strong>
                <span class="quiet">{stream.device} · {t('watching.since', showSince(stream.startedAt, now))}</span>
              </span>
              <button type="button" disabled={busy} onClick={() => end(stream)}
                aria-label={t('watching.endLabel', title(stream.content), stream.device)}>
                {t('watching.end')}
              </button>
            </li>
          ))}
        </ul>
      )}
      {playing?.streams.length > 1 && (
        <div class="actions start"><button type="button" disabled={busy} onClick={() => end()}>{t('accounts.endAll')}</button></div>
      )}
    </section>
  );
}

function Sessions({ account }) {
  const path = `/accounts/${account.id}/sessions`;
  const [devices, problem, again] = useLoad(() => call('GET', path), [path]);
  const [all, setAll] = useState(false);
  const [busy, failure, end] = useTask(async (device) => {
    await call('DELETE', `${path}/${device.id}`);
    say(t('devices.ended', device.device));
    again();
  });
  const endAll = async () => {
    await call('DELETE', path);
    say(t('accounts.allSignedOut'));
    setAll(false);
    again();
  };
  return (
    <section aria-labelledby="devices">
      <h3 id="devices">{t('accounts.sessions')}</h3>
      <Failure problem={problem ?? failure} />
      {devices?.length === 0 && <p class="quiet">{t('accounts.noSessions')}</p>}
      {!devices && !problem && <Loading />}
      <DeviceList devices={devices ?? []} busy={busy} onEnd={end} />
      {devices?.length > 0 && (
        <div class="actions start"><button type="button" class="danger" onClick={() => setAll(true)}>{t('accounts.signOutAll')}</button></div>
      )}
      {all && <Confirm title={t('accounts.signOutAll')} text={t('accounts.signOutAllText')} action={t('devices.end')} onClose={() => setAll(false)} onConfirm={endAll} />}
    </section>
  );
}
