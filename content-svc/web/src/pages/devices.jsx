import { useState } from 'preact/hooks';
import { call, forget } from '../api.js';
import { Confirm, Failure, Loading, Page, say, useLoad } from '../parts.jsx';
import { useNow } from '../store.js';
import { showAgo, showSince, t } from '../text.js';

// Devices shows what is signed in to the account.
export function Devices() {
  const [devices, problem, again] = useLoad(() => call('GET', '/sessions'), []);
  const [ending, setEnding] = useState(null);
  const others = devices?.filter(({ current }) => !current) ?? [];
  const here = devices?.filter(({ current }) => current) ?? [];
  const end = async (device) => {
    await call('DELETE', `/sessions/${device.id}`);
    if (device.current) return forget();
    say(t('devices.ended', device.device));
    setEnding(null);
    again();
  };
  const endOthers = async () => {
    await call('DELETE', '/sessions');
    say(t('devices.othersEnded'));
    setEnding(null);
    again();
  };
  return (
    <Page title={t('devices.title')} class="narrow" actions={others.length > 0 && <button type="button" onClick={() => setEnding('others')}>{t('devices.others')}</button>}>
      <p class="lead">{t('devices.text')}</p>
      <Failure problem={problem} again={again} />
      {devices ? <DeviceList devices={[...here, ...others]} onEnd={setEnding} /> : !problem && <Loading />}
      {ending && ending !== 'others' && (
        <Confirm title={t('devices.endLabel', ending.device)} text={t(ending.current ? 'devices.endCurrentText' : 'devices.endText')} action={t('devices.end')}
          onClose={() => setEnding(null)} onConfirm={() => end(ending)} />
      )}
      {ending === 'others' && (
        <Confirm title={t('devices.others')} text={t('devices.othersText', others.length)} action={t('devices.end')}
          onClose={() => setEnding(null)} onConfirm={endOthers} />
      )}
    </Page>
  );
}

export function DeviceList({ devices, busy = false, onEnd }) {
  const now = useNow(30_000);
  if (!devices.length) return null;
  return (
    <ul class="rows">
      {devices.map((device) => (
        <li key={device.id}>
          <span>
            <strong dir="auto">{device.device}</strong>
            {device.current && <span class="badge here">{t('devices.current')}</span>}
            <span class="quiet">
              {t('devices.seen', showAgo(device.refreshedAt, now))} · {t('devices.since', showSince(device.createdAt, now))}
            </span>
          </span>
          <button type="button" disabled={busy} onClick={() => onEnd(device)} aria-label={t('devices.endLabel', device.device)}>{t('devices.end')}</button>
        </li>
      ))}
    </ul>
  );
}
