import { useEffect, useState } from 'preact/hooks';
import { call } from '../api.js';
import { Chart, Legend, Rows, Table } from '../charts.jsx';
import { Failure, Loading, Page } from '../parts.jsx';
import { showClock, showNumber, t } from '../text.js';

const every = 3000;
const known = ['limit_reached', 'too_many_starts', 'held', 'unavailable', 'no_session'];

// House is what goes on in all accounts together.
export default function House() {
  const [house, setHouse] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    let timer;
    let gone = false;
    const load = async () => {
      try {
        const loaded = await call('GET', '/house');
        if (gone) return;
        setHouse(loaded);
        setProblem(null);
      } catch (failure) {
        if (!gone) setProblem(failure);
      }
      if (!gone) timer = setTimeout(load, every);
    };
    load();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, []);
  return (
    <Page title={t('house.title')}>
      <Failure problem={problem} />
      {!house && !problem && <Loading />}
      {house && <Shown house={house} />}
    </Page>
  );
}

function Shown({ house: { playing, minutes, outcomes, levels } }) {
  const reasons = Object.entries(outcomes).filter(([outcome]) => outcome !== 'granted' && outcome !== 'repeated');
  const sum = (name) => minutes.reduce((n, minute) => n + minute[name], 0);
  const started = { name: t('house.started'), values: minutes.map(({ granted }) => granted) };
  const refused = { name: t('house.refused'), values: minutes.map(({ refused: n }) => n) };
  const level = Array.from({ length: Math.max(4, ...levels.map(({ streams }) => streams)) }, (_, i) => i + 1);
  const starts = level.map((n) => levels.find(({ streams }) => streams === n)?.starts ?? 0);
  return (
    <>
      <dl class="figures">
        <div class="figure"><dt>{t('house.now')}</dt><dd>{showNumber(playing)}</dd></div>
        <div class="figure"><dt>{t('house.starts')}</dt><dd>{showNumber(sum('granted'))}</dd></div>
        <div class="figure"><dt>{t('house.refusals')}</dt><dd>{showNumber(sum('refused'))}</dd></div>
      </dl>
      <div class="charts">
        <section class="wide" aria-labelledby="minutes">
          <h2 id="minutes">{t('house.perMinute')}</h2>
          <Legend names={[started.name, refused.name]} />
          <Chart label={t('house.perMinute')} step={60} name={(at) => showClock(at * 1000)} x={minutes.map(({ at }) => Date.parse(at) / 1000)}
            series={[started, refused]} />
          <Rows heading={[t('house.minute'), started.name, refused.name]}
            rows={minutes.filter(({ granted, refused: n }) => granted || n).map(({ at, granted, refused: n }) => [showClock(at), granted, n])} />
        </section>
        <section aria-labelledby="levels">
          <h2 id="levels">{t('house.levels')}</h2>
          {levels.length > 0 && <Chart label={t('house.levels')} x={level} name={showNumber} series={[{ name: t('house.starts.axis'), values: starts }]} />}
          {levels.length === 0 && <p class="quiet">{t('house.none')}</p>}
          <Rows heading={[t('house.levelHeading'), t('house.number')]} rows={levels.map(({ streams, starts: n }) => [t('house.level', streams), n])} />
        </section>
        <section aria-labelledby="reasons">
          <h2 id="reasons">{t('house.reasons')}</h2>
          {reasons.length === 0 && <p class="quiet">{t('house.none')}</p>}
          {reasons.length > 0 && (
            <Table heading={[t('house.reason'), t('house.number')]}
              rows={reasons.map(([reason, n]) => [known.includes(reason) ? t(`house.reason.${reason}`) : reason, n])} />
          )}
        </section>
      </div>
    </>
  );
}
