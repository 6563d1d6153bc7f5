import { useState } from 'preact/hooks';
import { call, forget } from '../api.js';
import { Confirm, Failure, Page, say, useLoad } from '../parts.jsx';
import { useNow } from '../store.js';
import { showAgo, showDay, t } from '../text.js';

// Devices shows what is signed in to the account.
export function Devices() {
  const [devices, problem, again] = useLoad(() => call('GET', '/sessions'), []);
  const [ending, setEnding] = useState(null);
  const others = devices?.filter(({ current }) => !current) ?? [];
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
    <Page title={t('devices.title')}>
      <p class="lead">{t('devices.text')}</p>
      <Failure problem={problem} />
      <DeviceList devices={devices ?? []} onEnd={setEnding} />
      {others.length > 0 && <p><button type="button" onClick={() => setEnding('others')}>{t('devices.others')}</button></p>}
      {ending && ending !== 'others' && (
        <Confirm title={t('devices.endLabel', ending.device)} text="" action={t('devices.end')} onClose={() => setEnding(null)} onConfirm={() => end(ending)} />
      )}
      {ending === 'others' && (
        <Confirm title={t('devices.others')} text="" action={t('devices.end')} onClose={() => setEnding(null)} onConfirm={endOthers} />
      )}
    </Page>
  );
}

export function DeviceList({ devices, onEnd }) {
  const now = useNow(30_000);
  return (
    <ul class="rows">
      {devices.map((device) => (
        <li key={device.id}>
          <span>
            <strong>{device.device}</strong>
            {device.current && <span class="badge here">{t('devices.current')}</span>}
            <span class="quiet">
              {t('devices.seen', showAgo(device.refreshedAt, now))} · {t('devices.since', showDay(device.createdAt))}
            </span>
          </span>
          <button type="button" onClick={() => onEnd(device)} aria-label={t('devices.endLabel', device.device)}>{t('devices.end')}</button>
        </li>
      ))}
    </ul>
  );
}
