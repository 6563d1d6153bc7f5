// Parts that several pages are made of.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { hold, usePage } from './route.js';
import { Store, useStore } from './store.js';
import { explain, t } from './text.js';

// Page is a page with its heading, which gets the focus.
export function Page({ title, children, class: name = '', actions }) {
  const heading = useRef();
  usePage(title, heading);
  return (
    <div class={`page ${name}`}>
      <div class="heading">
        <h1 tabIndex={-1} ref={heading} dir="auto">{title}</h1>
        {actions}
      </div>
      {children}
    </div>
  );
}

// Dialog is modal while it is there. The browser keeps the focus in it, and it goes back to where it was. Escape and the browser's Back call
// onClose; where Back leaves the page together with it, onClose does so too (leaves).
export function Dialog({ title, onClose, leaves = false, children }) {
  const dialog = useRef();
  const id = useId();
  const close = useRef();
  close.current = onClose;
  useEffect(() => (leaves ? undefined : hold(() => close.current())), []);
  useEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element.showModal();
    element.querySelector('h2').focus();
    return () => {
      element.close();
      (before?.isConnected ? before : document.querySelector('h1'))?.focus();
    };
  }, []);
  const cancel = (event) => {
    if (event.target !== dialog.current) return; // a choice of files that was cancelled
    event.preventDefault();
    onClose();
  };
  // Chromium closes a dialogue at the second Escape in a row, whatever its page says.
  const closed = (event) => {
    if (event.target !== dialog.current || dialog.current.open) return;
    dialog.current.showModal();
    onClose();
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={cancel} onClose={closed}>
      <h2 id={id} tabIndex={-1} dir="auto">{title}</h2>
      {children}
      <Notice />
    </dialog>
  );
}

// Confirm asks before something that can't be undone.
export function Confirm({ title, text, action, keep = t('common.cancel'), onClose, onConfirm }) {
  const [busy, failure, run] = useTask(onConfirm);
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <Failure problem={failure} />
      <div class="actions">
        <button type="button" onClick={onClose}>{keep}</button>
        <button type="button" class="danger" disabled={busy} onClick={run}>{action}</button>
      </div>
    </Dialog>
  );
}

// Failure says what went wrong, aloud. What can be tried again has a button for it.
export function Failure({ problem, again }) {
  return (
    <div role="alert" class="failure">
      {problem && <p>{explain(problem)}{again && <button type="button" onClick={again}>{t('common.retry')}</button>}</p>}
    </div>
  );
}

// Loading says that something is on its way, to those for whom it takes a while.
export function Loading() {
  return <p class="loading" role="status">{t('app.loading')}</p>;
}

// Field is a labelled input, with what is wrong with it.
export function Field({ label, help, problem, name, children, ...rest }) {
  const id = useId();
  const fault = problem?.errors?.find(({ field }) => field === name)?.detail;
  const about = [help && `${id}-help`, fault && `${id}-fault`].filter(Boolean).join(' ') || undefined;
  const own = { id, name, 'aria-describedby': about, 'aria-invalid': fault ? 'true' : undefined, ...rest };
  return (
    <div class="field">
      <label htmlFor={id}>{label}</label>
      {children ? children(own) : <input {...own} />}
      {help && <p id={`${id}-help`} class="help">{help}</p>}
      {fault && <p id={`${id}-fault`} class="fault">{fault}</p>}
    </div>
  );
}

// useTask returns whether a task runs, the problem that it had, and what runs it.
export function useTask(task) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const alive = useRef(true);
  const running = useRef(false);
  useEffect(() => () => { alive.current = false; }, []);
  const run = async (...given) => {
    given[0]?.preventDefault?.();
    if (running.current) return; // a double click
    running.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await task(...given);
    } catch (failure) {
      if (alive.current) setProblem(failure);
    }
    running.current = false;
    if (alive.current) setBusy(false);
  };
  return [busy, problem, run];
}

// useLoad returns what a task loads, the problem that it had, and what loads it again. It loads again when what it depends on changes, and after
// a problem, when the network is back.
export function useLoad(task, on) {
  const [value, setValue] = useState(null);
  const [problem, setProblem] = useState(null);
  const [round, setRound] = useState(0);
  const again = () => setRound((n) => n + 1);
  useEffect(() => {
    if (!problem) return undefined;
    addEventListener('online', again);
    return () => removeEventListener('online', again);
  }, [problem]);
  useEffect(() => {
    let current = true;
    task().then(
      (loaded) => { if (current) { setValue(loaded); setProblem(null); } },
      (failure) => { if (current) setProblem(failure); },
    );
    return () => { current = false; };
  }, [...on, round]);
  return [value, problem, again];
}

// notice is what has just happened, said once.
const notice = new Store(null);

let timer;
export function say(text) {
  notice.set(null);
  clearTimeout(timer);
  // A text that is said again is a new one for those who hear it.
  setTimeout(() => notice.set(text), 50);
  timer = setTimeout(() => notice.set(null), 8000);
}

export function Notice() {
  const text = useStore(notice);
  return <div class="notice" role="status">{text && <p>{text}</p>}</div>;
}

// Monogram stands for a picture: pictures of other hosts would tell them who is here.
export function Monogram({ name }) {
  const letters = [...name.trim()].slice(0, 1).join('').toLocaleUpperCase();
  return <span class="monogram" aria-hidden="true">{letters || '·'}</span>;
}

// Pages leads through a list.
export function Pages({ page, limit, total, onPage }) {
  const pages = Math.max(1, Math.ceil(total / limit));
  if (pages === 1) return null;
  return (
    <nav class="pages" aria-label={t('common.page', page, pages)}>
      <button type="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>{t('common.previous')}</button>
      <span>{t('common.page', page, pages)}</span>
      <button type="button" disabled={page >= pages} onClick={() => onPage(page + 1)}>{t('common.next')}</button>
    </nav>
  );
}

// useDelayed returns a value once it has stayed the same for a moment, so that not every letter is a request.
export function useDelayed(value, milliseconds = 250) {
  const [delayed, set] = useState(value);
  useEffect(() => {
    const waiting = setTimeout(() => set(value), milliseconds);
    return () => clearTimeout(waiting);
  }, [value]);
  return delayed;
}
