import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { call } from '../api.js';
import { Failure, Page } from '../parts.jsx';
import { showClock, t } from '../text.js';

const every = 5000;
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
  const reasons = Object.entries(house?.outcomes ?? {}).filter(([outcome]) => outcome !== 'granted' && outcome !== 'repeated');
  const sum = (name) => house?.minutes.reduce((n, minute) => n + minute[name], 0) ?? 0;
  return (
    <Page title={t('house.title')}>
      <Failure problem={problem} />
      {house && (
        <>
          <dl class="figures">
            <div class="figure"><dt>{t('house.now')}</dt><dd>{house.playing}</dd></div>
            <div class="figure"><dt>{t('house.starts')}</dt><dd>{sum('granted')}</dd></div>
            <div class="figure"><dt>{t('house.refusals')}</dt><dd>{sum('refused')}</dd></div>
          </dl>
          <div class="charts">
            <section class="wide" aria-labelledby="minutes">
              <h2 id="minutes">{t('house.perMinute')}</h2>
              <ul class="legend"><li>{t('house.started')}</li><li>{t('house.refused')}</li></ul>
              <Minutes minutes={house.minutes} />
              <Rows heading={[t('house.minute'), t('house.started'), t('house.refused')]}
                rows={house.minutes.filter(({ granted, refused }) => granted || refused).map(({ at, granted, refused }) => [showClock(at), granted, refused])} />
            </section>
            <section aria-labelledby="levels">
              <h2 id="levels">{t('house.levels')}</h2>
              {house.levels.length ? <Levels levels={house.levels} /> : <p class="quiet">{t('house.none')}</p>}
              <Rows heading={[t('house.levelHeading'), t('house.number')]} rows={house.levels.map(({ streams, starts }) => [t('house.level', streams), starts])} />
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
      )}
    </Page>
  );
}

function Table({ heading, rows }) {
  return (
    <div class="table" tabIndex={0} role="region" aria-label={heading.join(', ')}>
      <table>
        <thead><tr>{heading.map((text, i) => <th key={text} scope="col" class={i ? 'number' : ''}>{text}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => <tr key={row[0]}>{row.map((cell, i) => (i ? <td key={i} class="number">{cell}</td> : <th key={i} scope="row">{cell}</th>))}</tr>)}
        </tbody>
      </table>
    </div>
  );
}

// Rows is what a chart shows, for those who can't see it.
function Rows(of) {
  if (!of.rows.length) return null;
  return <details><summary>{t('house.table')}</summary><Table {...of} /></details>;
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { accent: of('--accent'), danger: of('--danger'), ink: of('--quiet'), line: of('--line'), font: `13px ${style.fontFamily}` };
}

// Chart draws with uPlot, in the width that there is and the colours of the page.
function Chart({ label, options, data }) {
  const place = useRef();
  const drawn = useRef();
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const draw = () => {
      drawn.current?.destroy();
      drawn.current = new uPlot({ ...options(colours()), width: place.current.clientWidth, height: 224, legend: { show: false }, cursor: { show: false } },
        data, place.current);
    };
    draw();
    const watcher = new ResizeObserver(([{ contentRect }]) => drawn.current.setSize({ width: Math.floor(contentRect.width), height: 224 }));
    watcher.observe(place.current);
    dark.addEventListener('change', draw);
    return () => {
      watcher.disconnect();
      dark.removeEventListener('change', draw);
      drawn.current.destroy();
      drawn.current = null;
    };
  }, []);
  useEffect(() => { drawn.current?.setData(data); }, [data]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}

const axis = ({ ink, line, font }) => ({ stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } });
const counts = (splits) => splits.map((n) => (Number.isInteger(n) ? n : ''));
const range = (_, low, high) => [0, Math.max(4, high * 1.15)];

function Minutes({ minutes }) {
  const bars = (align) => uPlot.paths.bars({ size: [0.38, 24], align });
  const options = (colour) => ({
    scales: { x: { time: true, range: (_, low, high) => [low - 45, high + 60] }, y: { range } },
    axes: [{ ...axis(colour), values: (_, splits) => splits.map((s) => showClock(s * 1000)), space: 70 }, { ...axis(colour), values: (_, splits) => counts(splits), size: 44 }],
    series: [{}, { stroke: colour.accent, fill: colour.accent, width: 0, paths: bars(-1), points: { show: false } },
      { stroke: colour.danger, fill: colour.danger, width: 0, paths: bars(1), points: { show: false } }],
  });
  const data = [minutes.map(({ at }) => Date.parse(at) / 1000), minutes.map(({ granted }) => granted), minutes.map(({ refused }) => refused)];
  return <Chart label={t('house.perMinute')} options={options} data={data} />;
}

function Levels({ levels }) {
  const most = Math.max(4, ...levels.map(({ streams }) => streams));
  const all = Array.from({ length: most }, (_, i) => i + 1);
  const options = (colour) => ({
    scales: { x: { time: false, range: (_, low, high) => [0.4, high + 0.6] }, y: { range } },
    axes: [{ ...axis(colour), values: (_, splits) => counts(splits), incrs: [1, 2, 5, 10] }, { ...axis(colour), values: (_, splits) => counts(splits), size: 44 }],
    series: [{}, { stroke: colour.accent, fill: colour.accent, width: 0, paths: uPlot.paths.bars({ size: [0.6, 80] }), points: { show: false } }],
  });
  const data = [all, all.map((n) => levels.find(({ streams }) => streams === n)?.starts ?? 0)];
  return <Chart label={t('house.levels')} options={options} data={data} />;
}
