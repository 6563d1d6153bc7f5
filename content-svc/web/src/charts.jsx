// Charts, and what they show as tables.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { showAt, showNumber, t } from './text.js';

// Table has a heading for each row, and numbers behind it.
export function Table({ heading, rows }) {
  return (
    <div class="table" tabIndex={0} role="region" aria-label={heading.join(', ')}>
      <table>
        <thead><tr>{heading.map((text, i) => <th key={text} scope="col" class={i ? 'number' : ''}>{text}</th>)}</tr></thead>
        <tbody>
          {rows.map(([first, ...cells], n) => (
            <tr key={n}>
              <th scope="row" dir="auto">{first}</th>
              {cells.map((cell, i) => <td key={i} class="number">{typeof cell === 'number' ? showNumber(cell) : cell}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// Rows is what a chart shows, for those who can't see it.
export function Rows(of) {
  if (!of.rows.length) return null;
  return <details><summary>{t('chart.table')}</summary><Table {...of} /></details>;
}

// Legend names what a chart shows, in the order of its tones.
export function Legend({ names }) {
  return <ul class="legend">{names.map((name) => <li key={name}>{name}</li>)}</ul>;
}

function look() {
  const style = getComputedStyle(document.documentElement);
  const rem = Number.parseFloat(style.fontSize);
  const of = (name) => style.getPropertyValue(name).trim();
  return { tones: [of('--accent'), of('--danger')], ink: of('--quiet'), line: of('--line'), font: `${0.8125 * rem}px ${style.fontFamily}`, rem };
}

// Chart draws series over time or over classes, in the width that there is and the colours of the page.
//
//	x       times in seconds, or numbers of classes
//	step    seconds between two times, or 0 of classes
//	name    (x) => what to call it
//	mark    (x) => the same of classes, in short
//	span    [from, to], the times that are asked for; else those that there are
//	series  [{name, values, line}]; what is no line are bars, one on the other
export function Chart({ label, x, step = 0, name, mark = name, span, series }) {
  const place = useRef();
  const readout = useRef();
  const drawn = useRef();
  const shown = useRef();
  shown.current = { x, name, mark, span, series, step };

  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const draw = () => {
      drawn.current?.destroy();
      const { width } = place.current.getBoundingClientRect();
      drawn.current = new uPlot(optionsOf({ step, shown, read }, Math.floor(width)), stacked(shown.current), place.current);
    };
    const read = (at) => {
      const { x: all, name: called, series: lines } = shown.current;
      const row = Math.min(at, all.length - 1);
      readout.current.textContent = at == null ? '' : [called(all[row]), ...lines.map((one) => `${one.name} ${showNumber(one.values[row])}`)].join(' · ');
    };
    draw();
    const watcher = new ResizeObserver(([{ contentRect }]) => drawn.current.setSize({ width: Math.floor(contentRect.width), height: drawn.current.height }));
    watcher.observe(place.current);
    dark.addEventListener('change', draw);
    return () => {
      watcher.disconnect();
      dark.removeEventListener('change', draw);
      drawn.current.destroy();
      drawn.current = null;
    };
  }, [step]);
  useEffect(() => { drawn.current?.setData(stacked(shown.current)); });
  return (
    <div class="chart">
      <p class="readout" aria-hidden="true" ref={readout} />
      <div ref={place} role="img" aria-label={label} />
    </div>
  );
}

// stacked puts bars on those before them. What is drawn first is behind, so the last one comes first. Lines go on to the end of the last step.
function stacked({ x, series, step }) {
  if (series[0].line) return [[...x, x.at(-1) + step], ...series.map(({ values }) => [...values, values.at(-1)]).reverse()];
  const sums = series.map(({ values }, n) => values.map((_, i) => series.slice(0, n + 1).reduce((sum, one) => sum + one.values[i], 0)));
  return [x, ...sums.reverse()];
}

// thinned returns so many of the classes that their marks have room.
function thinned(classes, most) {
  const every = Math.ceil(classes.length / most);
  return classes.filter((_, i) => i % every === 0);
}

// marks are how many seconds may be between two marks of time.
const marks = [1, 5, 10, 15, 30].map((n) => n * 60).concat([1, 2, 3, 6, 12].map((n) => n * 3600), [1, 2, 3, 7, 14, 30, 90].map((n) => n * 86_400));

function optionsOf({ step, shown, read }, width) {
  const { tones, ink, line, font, rem } = look();
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const whole = (splits) => splits.map((n) => (Number.isInteger(n) ? showNumber(n) : ''));
  const { series } = shown.current;
  const drawnAs = (one, n) => ({
    stroke: tones[n],
    ...(one.line
      ? { width: 2, dash: n ? [6, 4] : undefined, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }
      : { width: 0, fill: tones[n], paths: uPlot.paths.bars({ size: [step ? 0.8 : 0.6, 80] }), points: { show: false } }),
  });
  const half = step ? 0.6 * step : 0.6;
  return {
    width,
    height: Math.round(14 * rem),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    hooks: { setCursor: [(plot) => read(plot.cursor.left < 0 ? null : plot.cursor.idx)] },
    tzDate: (time) => (step === 86400 ? uPlot.tzDate(new Date(time * 1000), 'Etc/UTC') : new Date(time * 1000)), // days are those of UTC
    scales: { x: { time: step > 0, range: (_, low, high) => { const [from, to] = shown.current.span ?? [low, high]; return [from - half, to + half]; } }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.15)] } },
    axes: [
      step
        ? { ...axis, values: (_, splits, __, ___, every) => splits.map((at) => showAt(at * 1000, every, step)), space: 5 * rem, size: 2.25 * rem, incrs: marks.filter((every) => every >= step) }
        : { ...axis, splits: (plot) => thinned(shown.current.x, plot.width / (4 * rem)), values: (_, splits) => splits.map(shown.current.mark), size: 2.25 * rem },
      { ...axis, values: (_, splits) => whole(splits), size: (_, marks) => (1.25 + 0.5 * Math.max(2, ...(marks ?? []).map(({ length }) => length))) * rem },
    ],
    series: [{}, ...series.map(drawnAs).reverse()],
  };
}
