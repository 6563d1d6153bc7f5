import { useState } from 'preact/hooks';
import { account, call, changePassword, forget, signOut } from '../api.js';
import { Confirm, Failure, Field, Monogram, Page, say, useTask } from '../parts.jsx';
import { useStore } from '../store.js';
import { t } from '../text.js';

// Account is a person's own account.
export function Account() {
  const who = useStore(account);
  const [deleting, setDeleting] = useState(false);
  const [leaving, leaveProblem, leave] = useTask(signOut);
  const remove = async () => {
    await call('DELETE', '/users/me');
    forget();
  };
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
      <section aria-labelledby="leave">
        <h2 id="leave">{t('account.leave')}</h2>
        <p class="quiet">{t('account.deleteText')}</p>
        <div class="actions start">
          <button type="button" class="danger" onClick={() => setDeleting(true)}>{t('account.delete')}</button>
        </div>
      </section>
      {deleting && (
        <Confirm title={t('account.deleteTitle')} text={t('account.deleteText')} action={t('account.deleteConfirm')}
          onClose={() => setDeleting(false)} onConfirm={remove} />
      )}
    </Page>
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
    await changePassword(target.present.value, target.password.value);
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
