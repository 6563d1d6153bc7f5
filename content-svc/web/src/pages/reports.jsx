import { useEffect, useState } from 'preact/hooks';
import { call, download } from '../api.js';
import { Chart, Legend, Rows, Table } from '../charts.jsx';
import { Failure, Field, Loading, Page, useLoad, useTask } from '../parts.jsx';
import { showMoment, showNumber, showShare, showSpan, t } from '../text.js';
import { useTitles } from '../watching.jsx';

const steps = { minute: 60, hour: 3600, day: 86_400 };
// ranges are what is offered, in seconds, and the steps in which each can be shown: the first one unless another is chosen. The last one is
// long enough to ask for a row of each content.
const ranges = {
  hour: [3600, ['minute']],
  day: [86_400, ['minute', 'hour']],
  week: [7 * 86_400, ['hour', 'day']],
  month: [30 * 86_400, ['hour', 'day']],
  year: [366 * 86_400, ['day']],
};
const reasons = ['limit_reached', 'too_many_starts', 'recovering'];
const ends = ['stopped', 'replaced', 'terminated', 'session_ended', 'evicted', 'undone'];
const mostTitles = 50;

// Reports is what was measured over time.
export default function Reports() {
  const [range, setRange] = useState('hour');
  const [chosen, setStep] = useState('');
  const [seconds, possible] = ranges[range];
  const step = possible.includes(chosen) ? chosen : possible[0];
  const query = { step, from: new Date(Date.now() - seconds * 1000).toISOString() };
  const [report, problem, again] = useReport(query, [range, step]);
  useEffect(() => { // there are new rows each minute
    const timer = setInterval(again, 60_000);
    return () => clearInterval(timer);
  }, []);
  const choice = (name, value, values, set) => (
    <Field label={t(`reports.${name}`)} name={name}>
      {(own) => (
        <select {...own} value={value} onChange={({ target }) => set(target.value)}>
          {values.map((one) => <option key={one} value={one}>{t(`reports.${name}.${one}`)}</option>)}
        </select>
      )}
    </Field>
  );
  return (
    <Page title={t('reports.title')}>
      {problem?.status === 404 && <Off />}
      {problem?.status !== 404 && (
        <>
          <form class="filters" onSubmit={(event) => event.preventDefault()}>
            {choice('range', range, Object.keys(ranges), setRange)}
            {choice('step', step, possible, setStep)}
            <Download query={query} />
          </form>
          <Failure problem={problem} again={again} />
          {!report && !problem && <Loading />}
          <p class="quiet" role="status">{report && (report.until ? t('reports.until', showMoment(report.until)) : t('reports.soon'))}</p>
          {report?.rows.length === 0 && report.until && <p>{t('reports.none')}</p>}
          {report?.rows.length > 0 && <Shown report={report} />}
          {report?.rows.length > 0 && <Split query={query} coarse={possible.at(-1)} on={[range, report.until]} />}
        </>
      )}
    </Page>
  );
}

// Off says how reports are turned on.
function Off() {
  return (
    <>
      <p>{t('reports.off')}</p>
      <p class="quiet">{t('reports.offHow')} <code>REPORTS_MONGODB_URI</code></p>
    </>
  );
}

const useReport = (query, on) => useLoad(() => call('GET', `/reports?${new URLSearchParams(query)}`), on);

// Download brings the same rows as a file.
function Download({ query }) {
  const [busy, problem, fetchAs] = useTask((format) => download(`/reports?${new URLSearchParams({ ...query, format })}`, `reports.${format}`));
  return (
    <div class="download" role="group" aria-label={t(query.by ? `reports.download.${query.by}` : 'reports.download')}>
      <span class="label" aria-hidden="true">{t('reports.download')}</span>
      <div>
        {['CSV', 'Parquet'].map((format) => (
          <button key={format} type="button" disabled={busy} onClick={() => fetchAs(format.toLowerCase())} aria-label={t('reports.as', format)}>{format}</button>
        ))}
      </div>
      <Failure problem={problem} />
    </div>
  );
}

const total = (rows, of) => rows.reduce((sum, row) => sum + of(row), 0);
const refused = (row) => total(reasons, (reason) => row.refusals[reason]);

function Shown({ report: { rows, step, from, to } }) {
  const span = [from, to].map((at) => Date.parse(at) / 1000);
  const starts = total(rows, (row) => row.starts);
  const refusals = total(rows, refused);
  const peak = Math.max(...rows.map((row) => row.streams.peak));
  return (
    <>
      <dl class="figures">
        <Figure name={t('reports.peak')} value={showNumber(peak)} />
        <Figure name={t('reports.mean')} value={showNumber(total(rows, (row) => row.streams.mean * row.minutes) / total(rows, (row) => row.minutes))} />
        <Figure name={t('reports.starts')} value={showNumber(starts)} />
        <Figure name={t('reports.refused')} value={showNumber(refusals)} more={refusals ? showShare(refusals / (starts + refusals)) : ''} />
      </dl>
      <div class="charts">
        <Concurrency rows={rows} step={step} span={span} />
        <Starts rows={rows} step={step} span={span} />
        <Limits rows={rows} />
        <Levels rows={rows} />
        <Durations rows={rows} />
        <Totals rows={rows} />
      </div>
    </>
  );
}

function Figure({ name, value, more = '' }) {
  return <div class="figure"><dt>{name}</dt><dd>{value}{more && <small>{more}</small>}</dd></div>;
}

// Section is a chart's frame.
function Section({ id, title, wide = false, children }) {
  return <section class={wide ? 'wide' : ''} aria-labelledby={id}><h2 id={id}>{title}</h2>{children}</section>;
}

// Over draws series over the rows' time, and shows them as a table.
function Over({ title, rows, step, span, series }) {
  return (
    <>
      <Legend names={series.map(({ name }) => name)} />
      <Chart label={title} step={steps[step]} span={span} x={rows.map(({ at }) => Date.parse(at) / 1000)} name={(at) => showMoment(at * 1000, step)} series={series} />
      <Rows heading={[t('reports.time'), ...series.map(({ name }) => name)]}
        rows={rows.map(({ at }, i) => [showMoment(at, step), ...series.map(({ values }) => values[i])])} />
    </>
  );
}

function Concurrency({ rows, step, span }) {
  const title = t('reports.concurrency');
  const series = [
    { name: t('reports.peak'), values: rows.map(({ streams }) => streams.peak), line: true },
    { name: t('reports.mean'), values: rows.map(({ streams }) => streams.mean), line: true },
  ];
  return <Section id="concurrency" title={title} wide><Over title={title} rows={rows} step={step} span={span} series={series} /></Section>;
}

function Starts({ rows, step, span }) {
  const title = t('reports.startsOver');
  const series = [{ name: t('house.started'), values: rows.map((row) => row.starts) }, { name: t('house.refused'), values: rows.map(refused) }];
  return <Section id="starts" title={title} wide><Over title={title} rows={rows} step={step} span={span} series={series} /></Section>;
}

// levelsOf adds up what rows say of each level, from one to the highest.
function levelsOf(rows, list, ...names) {
  const sums = new Map();
  for (const row of rows) {
    for (const level of row[list]) {
      const sum = sums.get(level.streams) ?? names.map(() => 0);
      sums.set(level.streams, sum.map((n, i) => n + level[names[i]]));
    }
  }
  const highest = Math.max(0, ...sums.keys());
  return Array.from({ length: highest }, (_, i) => [i + 1, ...(sums.get(i + 1) ?? names.map(() => 0))]);
}

// Limits says what another limit would have meant: a start that asked for a level above it would have been refused.
function Limits({ rows }) {
  const title = t('reports.tried');
  const tried = levelsOf(rows, 'tried', 'granted', 'refused');
  const usual = Math.max(1, ...tried.filter(([, granted]) => granted).map(([n]) => n));
  const [chosen, choose] = useState(0);
  const limit = chosen || Math.max(1, usual - 1);
  const all = total(tried, ([, granted, no]) => granted + no);
  const above = (n) => total(tried, ([level, granted, no]) => (level > n ? granted + no : 0));
  const series = [{ name: t('house.started'), values: tried.map(([, n]) => n) }, { name: t('house.refused'), values: tried.map(([, , n]) => n) }];
  const limits = Array.from({ length: Math.max(tried.length, usual + 1) }, (_, i) => i + 1);
  return (
    <Section id="tried" title={title}>
      {all === 0 && <p class="quiet">{t('reports.nothing')}</p>}
      {all > 0 && (
        <>
          <Legend names={series.map(({ name }) => name)} />
          <Chart label={title} x={tried.map(([n]) => n)} name={showNumber} series={series} />
          <Rows heading={[t('house.levelHeading'), ...series.map(({ name }) => name)]} rows={tried.map(([n, granted, no]) => [t('house.level', n), granted, no])} />
          <div class="what-if">
            <Field label={t('reports.limit')} name="limit">
              {(own) => (
                <select {...own} value={limit} onChange={({ target }) => choose(Number(target.value))}>
                  {limits.map((n) => <option key={n} value={n}>{n}</option>)}
                </select>
              )}
            </Field>
            <p role="status">{t('reports.whatIf', limit, showShare(above(limit) / all), showNumber(above(limit)), showNumber(all))}</p>
          </div>
          <p class="help quiet">{t('reports.whatIfNote', showShare(total(tried, ([, , no]) => no) / all))}</p>
        </>
      )}
    </Section>
  );
}

function Levels({ rows }) {
  const title = t('reports.reached');
  const reached = levelsOf(rows, 'levels', 'accounts');
  const series = [{ name: t('reports.accountMinutes'), values: reached.map(([, n]) => n) }];
  const most = total(reached, ([, n]) => n);
  return (
    <Section id="reached" title={title}>
      {most === 0 && <p class="quiet">{t('reports.nothing')}</p>}
      {most > 0 && (
        <>
          <p class="quiet">{t('reports.reachedText')}</p>
          <Chart label={title} x={reached.map(([n]) => n)} name={showNumber} series={series} />
          <Rows heading={[t('house.levelHeading'), series[0].name, t('reports.share')]}
            rows={reached.map(([n, minutes]) => [t('house.level', n), minutes, showShare(minutes / most)])} />
        </>
      )}
    </Section>
  );
}

// quantile estimates it within the class that it is in; the last one has no end.
function quantile(classes, q) {
  let rest = q * total(classes, ({ count }) => count);
  let from = 0;
  for (const { upTo, count } of classes) {
    if (count > 0 && rest <= count) return upTo ? from + (upTo - from) * (rest / count) : from;
    rest -= count;
    from = upTo ?? from;
  }
  return from;
}

function Durations({ rows }) {
  const title = t('reports.durations');
  const classes = rows[0].durations.histogram.map(({ upTo }, i) => ({ upTo, count: total(rows, (row) => row.durations.histogram[i].count) }));
  const count = total(classes, (one) => one.count);
  const name = (i) => (classes[i].upTo ? t('reports.upTo', showSpan(classes[i].upTo)) : t('reports.longer', showSpan(classes[i - 1].upTo)));
  const mark = (i) => (classes[i].upTo ? showSpan(classes[i].upTo, 'narrow') : '');
  return (
    <Section id="durations" title={title}>
      {count === 0 && <p class="quiet">{t('reports.nothing')}</p>}
      {count > 0 && (
        <>
          <p class="quiet">{t('reports.durationsText', showSpan(quantile(classes, 0.5)), showSpan(quantile(classes, 0.95)))}</p>
          <Chart label={title} x={classes.map((_, i) => i)} name={name} mark={mark} series={[{ name: t('reports.streams'), values: classes.map((one) => one.count) }]} />
          <Rows heading={[t('reports.duration'), t('house.number')]} rows={classes.map((one, i) => [name(i), one.count]).filter(([, n]) => n)} />
        </>
      )}
    </Section>
  );
}

function Totals({ rows }) {
  const lines = [
    ...reasons.map((reason) => [t(`reports.reason.${reason}`), total(rows, (row) => row.refusals[reason])]),
    [t('reports.lapses'), total(rows, (row) => row.lapses)],
    [t('reports.resumptions'), total(rows, (row) => row.resumptions)],
    ...ends.map((end) => [t(`reports.end.${end}`), total(rows, (row) => row.ends[end])]),
  ].filter(([, n]) => n);
  if (!lines.length) return <Section id="totals" title={t('reports.totals')}><p class="quiet">{t('reports.nothing')}</p></Section>;
  return <Section id="totals" title={t('reports.totals')}><Table heading={[t('reports.what'), t('house.number')]} rows={lines} /></Section>;
}

// Split shows the same by device or by content.
function Split({ query, coarse, on }) {
  const [by, setBy] = useState('device');
  const [report, problem, again] = useReport({ from: query.from, step: coarse, by }, [coarse, by, ...on]);
  const groups = new Map();
  for (const row of report?.by === by ? report.rows : []) {
    groups.set(row[by], [...(groups.get(row[by]) ?? []), row]);
  }
  const sums = [...groups].map(([key, rows]) => ({
    key, starts: total(rows, (row) => row.starts), refused: total(rows, refused), peak: Math.max(...rows.map((row) => row.streams.peak)),
    hours: total(rows, (row) => row.streams.mean * row.minutes) / 60,
  })).sort((a, b) => b.hours - a.hours || b.starts - a.starts);
  const shown = sums.slice(0, mostTitles);
  const title = useTitles(by === 'content' ? shown.map(({ key }) => key) : []);
  const name = (key) => (by === 'device' ? t(`reports.device.${key}`) : title(key));
  const most = Math.max(...shown.map(({ hours }) => hours));
  return (
    <section class="split" aria-labelledby="split">
      <h2 id="split">{t('reports.split')}</h2>
      <div class="filters">
        <Field label={t('reports.by')} name="by">
          {(own) => (
            <select {...own} value={by} onChange={({ target }) => setBy(target.value)}>
              {['device', 'content'].map((one) => <option key={one} value={one}>{t(`reports.by.${one}`)}</option>)}
            </select>
          )}
        </Field>
        <Download query={{ ...query, by }} />
      </div>
      <Failure problem={problem} again={again} />
      {report?.by !== by && !problem && <Loading />}
      {report?.by === by && shown.length === 0 && <p class="quiet">{t('reports.nothing')}</p>}
      {shown.length > 0 && (
        <Table heading={[t(`reports.by.${by}`), t('reports.hours'), t('reports.shareOfHours'), t('reports.peak'), t('reports.starts'), t('reports.refused')]}
          rows={shown.map(({ key, hours, peak, starts, refused: no }) => [name(key), hours,
            <progress key={key} max={most || 1} value={hours} aria-label={name(key)} />, peak, starts, no])} />
      )}
      {sums.length > shown.length && <p class="quiet">{t('reports.more', sums.length - shown.length)}</p>}
    </section>
  );
}
