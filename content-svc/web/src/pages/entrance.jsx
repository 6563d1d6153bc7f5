import { useState } from 'preact/hooks';
import { account, forget, send, signIn, signUp } from '../api.js';
import { Failure, Field, Page, say, useLoad, useTask } from '../parts.jsx';
import { go } from '../route.js';
import { t } from '../text.js';

// Entrance is what somebody sees who is not signed in.
export function Entrance({ name, token }) {
  return (
    <div class="entrance">
      <div class="pitch">
        <p class="brand"><span class="mark" aria-hidden="true" />Streamgate</p>
        <p class="claim">{t('welcome.title')}</p>
        <p>{t('welcome.text')}</p>
        <div class="screens" aria-hidden="true"><i /><i /><i /></div>
      </div>
      <div class="card">
        {name === 'reset' && token && <Choose token={token} />}
        {name === 'reset' && !token && <Forgotten />}
        {name === 'join' && <Join />}
        {name !== 'reset' && name !== 'join' && <SignIn />}
      </div>
    </div>
  );
}

function SignIn() {
  const [busy, problem, submit] = useTask(async ({ target }) => {
    await signIn(target.email.value, target.password.value);
  });
  return (
    <Page title={t('signin.title')}>
      <form onSubmit={submit}>
        <Field label={t('field.email')} name="email" type="email" autoComplete="username" required />
        <Field label={t('field.password')} name="password" type="password" autoComplete="current-password" required />
        <Failure problem={problem} />
        <button class="primary" disabled={busy}>{t('signin.submit')}</button>
      </form>
      <p class="aside">{t('signin.none')} <a href="#/join">{t('signup.title')}</a></p>
      <p class="aside"><a href="#/reset">{t('signin.forgot')}</a></p>
    </Page>
  );
}

function Join() {
  const [busy, problem, submit] = useTask(async ({ target }) => {
    const [email, password] = [target.email.value, target.password.value];
    await signUp(email, password);
    await signIn(email, password);
    go();
  });
  return (
    <Page title={t('signup.title')}>
      <form onSubmit={submit}>
        <Field label={t('field.email')} name="email" type="email" autoComplete="username" required problem={problem} />
        <Field label={t('field.password')} name="password" type="password" autoComplete="new-password" minLength={6} required
          help={t('signup.rule')} problem={problem} />
        <Failure problem={problem} />
        <button class="primary" disabled={busy}>{t('signup.submit')}</button>
      </form>
      <p class="aside">{t('signup.have')} <a href="#/">{t('signin.title')}</a></p>
    </Page>
  );
}

function Forgotten() {
  const [sent, setSent] = useState(false);
  const [busy, problem, submit] = useTask(async ({ target }) => {
    await send('POST', '/password-resets', { body: { email: target.email.value } });
    setSent(true);
  });
  return (
    <Page title={t('reset.title')}>
      <div role="status">{sent && <p>{t('reset.sent')}</p>}</div>
      {!sent && (
        <form onSubmit={submit}>
          <p>{t('reset.text')}</p>
          <Field label={t('field.email')} name="email" type="email" autoComplete="username" required problem={problem} />
          <Failure problem={problem} />
          <button class="primary" disabled={busy}>{t('reset.submit')}</button>
        </form>
      )}
      <p class="aside"><a href="#/">{t('signin.title')}</a></p>
    </Page>
  );
}

function Choose({ token }) {
  const path = `/password-resets/${encodeURIComponent(token)}`;
  const [, invalid] = useLoad(async () => { await send('GET', path, {}); }, [path]);
  const [busy, problem, submit] = useTask(async ({ target }) => {
    await send('PUT', path, { body: { password: target.password.value } });
    if (account.value) forget(); // the reset has ended every session
    say(t('reset.saved'));
    go();
  });
  const gone = [invalid, problem].some((fault) => fault?.status === 404 || fault?.status === 410);
  return (
    <Page title={t('reset.choose')}>
      {gone && <p role="alert">{t('reset.invalid')} <a href="#/reset">{t('reset.title')}</a></p>}
      {!gone && (
        <form onSubmit={submit}>
          <Field label={t('field.newPassword')} name="password" type="password" autoComplete="new-password" minLength={6} required
            help={t('signup.rule')} problem={problem} />
          <Failure problem={problem ?? invalid} />
          <button class="primary" disabled={busy}>{t('reset.save')}</button>
        </form>
      )}
      <p class="aside"><a href="#/">{t('signin.title')}</a></p>
    </Page>
  );
}
