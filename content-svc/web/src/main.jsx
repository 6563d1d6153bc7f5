import './style.css';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { account, begin, expelled } from './api.js';
import { Failure, Loading, Notice, Page, say } from './parts.jsx';
import { Account } from './pages/account.jsx';
import { Devices } from './pages/devices.jsx';
import { Entrance } from './pages/entrance.jsx';
import { Films } from './pages/films.jsx';
import { Watch } from './pages/watch.jsx';
import { go, href, route } from './route.js';
import { useStore } from './store.js';
import { language, t } from './text.js';
import { connected } from './watching.js';

const pages = { devices: Devices, account: Account, watch: Watch };
const entrances = ['join', 'signin'];

// What administrators have is fetched when one of them opens it.
const administration = {
  house: () => import('./pages/house.jsx'),
  catalogue: () => import('./pages/catalogue.jsx'),
  accounts: () => import('./pages/accounts.jsx'),
  reports: () => import('./pages/reports.jsx'),
};

function App() {
  const who = useStore(account);
  const [name, ...rest] = useStore(route);
  const enters = Boolean(who) && entrances.includes(name);
  useEffect(() => { if (enters) go(); }, [enters]);
  if (who === undefined || enters) return <Loading />;
  if (who === null || name === 'reset') return <><main id="main"><Entrance name={name} token={rest[0]} key={name} /></main><Notice /></>;
  const Shown = !name ? Films : pages[name];
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t('app.skip')}</a>
      <Header who={who} name={name} />
      <Connection />
      <main id="main" tabIndex={-1}>
        {Shown && <Shown key={rest.join('/')} id={rest[0]} />}
        {!Shown && administration[name] && who.role === 'admin' && <Later key={name} load={administration[name]} id={rest[0]} />}
        {!Shown && !(administration[name] && who.role === 'admin') && <Page title={t('common.notFound')}><p><a href="#/">{t('watch.back')}</a></p></Page>}
      </main>
      <Notice />
    </>
  );
}

function skip(event) {
  event.preventDefault(); // a fragment is a page here
  document.getElementById('main').focus();
}

function Header({ who, name = '' }) {
  const link = (page, text) => <a href={href(...(page ? [page] : []))} aria-current={page === name ? 'page' : undefined}>{text}</a>;
  return (
    <header>
      <a class="brand" href="#/" aria-label={`Streamgate, ${t('nav.films')}`}>
        <span class="mark" aria-hidden="true" />
        <span aria-hidden="true">Streamgate</span>
      </a>
      <nav aria-label={t('nav.label')}>
        {link('', t('nav.films'))}
        {link('devices', t('nav.devices'))}
        {link('account', t('nav.account'))}
      </nav>
      {who.role === 'admin' && (
        <nav class="administration" aria-label={t('nav.admin')}>
          {link('house', t('nav.house'))}
          {link('reports', t('nav.reports'))}
          {link('catalogue', t('nav.catalogue'))}
          {link('accounts', t('nav.accounts'))}
        </nav>
      )}
    </header>
  );
}

// Connection says that the services can't be reached, once that lasts.
function Connection() {
  const stands = useStore(connected);
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (stands) return setLate(false);
    const timer = setTimeout(() => setLate(true), 2000);
    return () => clearTimeout(timer);
  }, [stands]);
  return <div class="connection" role="status">{late && !stands && <p>{t('app.offline')}</p>}</div>;
}

// Later shows a page whose code is fetched first.
function Later({ load, id }) {
  const [loaded, set] = useState(null);
  const [problem, setProblem] = useState(null);
  const fetchIt = () => {
    setProblem(null);
    load().then((module) => set(() => module.default), () => setProblem({ code: 'offline' }));
  };
  useEffect(fetchIt, []);
  if (problem) return <Page title={t('app.failed')}><Failure problem={problem} again={fetchIt} /></Page>;
  if (!loaded) return <Loading />;
  const Shown = loaded;
  return <Shown id={id} key={id} />;
}

expelled.watch((is) => is && say(t('ended.session_ended')));
document.documentElement.lang = language;
begin();
render(<App />, document.getElementById('app'));
