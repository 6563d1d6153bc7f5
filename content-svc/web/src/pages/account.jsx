import { useState } from 'preact/hooks';
import { account, call, changePassword, download, forget, signOut } from '../api.js';
import { Dialog, Failure, Field, Monogram, Page, say, useTask } from '../parts.jsx';
import { useStore } from '../store.js';
import { t } from '../text.js';

// Account is a person's own account.
export function Account() {
  const who = useStore(account);
  const [deleting, setDeleting] = useState(false);
  const [leaving, leaveProblem, leave] = useTask(signOut);
  const [saving, dataProblem, saveData] = useTask(() => download('/users/me/data', 'streamgate.json'));
  return (
    <Page title={t('account.title')} class="narrow">
      <div class="person">
        <Monogram name={who.name} />
        <span>
          <strong dir="auto">{who.name}</strong>
          <span class="quiet">{who.email}</span>
          <span class="quiet">{t('account.plan', who.plan.maxStreams)}</span>
        </span>
        <button type="button" disabled={leaving} onClick={leave}>{t('account.signOut')}</button>
      </div>
      <Failure problem={leaveProblem} />
      <Profile who={who} />
      <Password />
      <section aria-labelledby="data">
        <h2 id="data">{t('account.data')}</h2>
        <p class="quiet">{t('account.dataText')}</p>
        <Failure problem={dataProblem} />
        <div class="actions start"><button type="button" disabled={saving} onClick={saveData}>{t('account.download')}</button></div>
      </section>
      <section aria-labelledby="leave">
        <h2 id="leave">{t('account.leave')}</h2>
        <p class="quiet">{t('account.deleteText')}</p>
        <div class="actions start">
          <button type="button" class="danger" onClick={() => setDeleting(true)}>{t('account.delete')}</button>
        </div>
      </section>
      {deleting && <Deletion onClose={() => setDeleting(false)} />}
    </Page>
  );
}

// Deletion takes the password, so that whoever finds a device that is signed in can't do it.
function Deletion({ onClose }) {
  const [busy, problem, submit] = useTask(async ({ target }) => {
    await call('DELETE', '/users/me', { body: { password: target.password.value } });
    forget();
  });
  return (
    <Dialog title={t('account.deleteTitle')} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{t('account.deleteText')}</p>
        <input type="text" name="username" autoComplete="username" value={account.value?.email} hidden readOnly />
        <Field label={t('field.password')} name="password" type="password" autoComplete="current-password" required problem={problem} />
        <Failure problem={problem} />
        <div class="actions">
          <button type="button" onClick={onClose}>{t('common.cancel')}</button>
          <button class="danger" disabled={busy}>{t('account.deleteConfirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}

function Profile({ who }) {
  const [busy, problem, submit] = useTask(async ({ target }) => {
    account.set(await call('PUT', '/users/me', { body: { name: target.name.value } }));
    say(t('account.saved'));
  });
  return (
    <section aria-labelledby="profile">
      <h2 id="profile">{t('account.profile')}</h2>
      <form onSubmit={submit}>
        <Field label={t('field.name')} name="name" defaultValue={who.name} autoComplete="name" required problem={problem} />
        <Failure problem={problem} />
        <div class="actions start"><button disabled={busy}>{t('account.save')}</button></div>
      </form>
    </section>
  );
}

function Password() {
  const [busy, problem, submit] = useTask(async ({ target }) => {
    await changePassword(target.present.value, target.password.value).catch((failure) => {
      throw failure.code === 'invalid_credentials' ? { code: 'password_wrong' } : failure; // it is not the address that is wrong
    });
    target.reset();
    say(t('account.passwordChanged'));
  });
  return (
    <section aria-labelledby="password">
      <h2 id="password">{t('account.password')}</h2>
      <form onSubmit={submit}>
        <input type="text" name="username" autoComplete="username" value={account.value?.email} hidden readOnly />
        <Field label={t('field.presentPassword')} name="present" type="password" autoComplete="current-password" required />
        <Field label={t('field.newPassword')} name="password" type="password" autoComplete="new-password" minLength={6} required
          help={`${t('signup.rule')} ${t('account.passwordText')}`} problem={problem} />
        <Failure problem={problem} />
        <div class="actions start"><button disabled={busy}>{t('account.changePassword')}</button></div>
      </form>
    </section>
  );
}
