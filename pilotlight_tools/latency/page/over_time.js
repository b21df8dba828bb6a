// When: response times as a heatmap, and beneath it, on the same axis, requests, errors and coverage.

import { box, decade, drawing, line, linear, logarithmic, roundMoments, roundTimes, stripes, text } from './chart.js';
import { svg, update } from './dom.js';
import { count, moment, ms, number, percent, shortMs, span } from './figures.js';
import { symbol } from './start_types.js';
import { empty } from './words.js';

const [TITLE, GAP, AXIS] = [20, 16, 24];
const LANES = { heat: 250, requests: 54, errors: 34, coverage: 50 };
const PRINTED_LANES = { heat: 176, requests: 30, errors: 24, coverage: 26 };

export function overTime(report, width, isPrinted = false) {
  const { timeline } = report;
  if (!timeline.length) return update('time-chart', [empty('No request and no tick in this time range yet.')]);
  const narrow = width < 520;
  const [left, right] = [narrow ? 52 : 58, width - 10];
  const ends = [report.time_range.start, report.time_range.end];
  const from = Math.min(ends[0], timeline[0].start);
  const to = Math.max(ends[1], timeline.at(-1).start + report.bin_seconds);
  const x = linear([from, to], [left, right]);
  const columns = timeline.map((point) => ({
    point,
    from: x(point.start),
    width: x(point.start + report.bin_seconds) - x(point.start),
  }));
  const hasHeat = report.heatmap.edges.length > 1;
  const heights = isPrinted ? PRINTED_LANES : LANES;
  let top = 0;
  const lane = (name) => {
    const place = { top: top + TITLE, bottom: top + TITLE + heights[name], left, right, narrow };
    top = place.bottom + GAP;
    return place;
  };
  const lanes = [
    hasHeat && heat(lane('heat'), columns, report),
    requests(lane('requests'), columns, report),
    errors(lane('errors'), columns, report),
    coverage(lane('coverage'), columns, report),
  ];
  const bottom = top - GAP;
  const moments = roundMoments(from, to, Math.max(2, Math.floor((right - left) / 76)));
  const axis = moments.map(({ at, words }) => [
    line(x(at), TITLE, x(at), bottom, { class: 'grid' }),
    text(Math.min(x(at), right - 14), bottom + 17, words, { 'text-anchor': 'middle' }),
  ]);
  const hover = columns.map(({ point, from: start, width: wide }) =>
    box(start, TITLE, wide, bottom - TITLE, { class: 'column', 'data-tip': about(point, report) }),
  );
  update('time-chart', [
    drawing(
      width,
      bottom + AXIS,
      described(report),
      svg('defs', {}, stripes('fault-stripes', 'var(--fault)'), stripes('dip-stripes', 'var(--fault)')),
      axis.flat(),
      hover,
      lanes,
    ),
  ]);
}

function heat(place, columns, { heatmap }) {
  const { edges, counts, cold } = heatmap;
  const [shortest, longest] = decade(edges[0], edges.at(-1));
  const y = logarithmic([shortest, longest], [place.bottom, place.top]);
  const most = Math.max(1, ...counts.flat());
  const rows = roundTimes(shortest, longest, 9).map((time) => [
    line(place.left, y(time), place.right, y(time), { class: 'grid' }),
    text(place.left - 7, y(time) + 4, shortMs(time), { 'text-anchor': 'end' }),
  ]);
  const cells = [];
  const marks = [];
  for (const [index, { point, from, width }] of columns.entries()) {
    for (const [row, n] of (counts[index] ?? []).entries()) {
      if (!n) continue;
      const [low, high] = [y(edges[row]), y(edges[row + 1])];
      const met = cold[index]?.[row] ?? 0;
      const tip = `${moment(point.start)}, ${ms(edges[row])} to ${ms(edges[row + 1])}\n${number(n, 'request')}${met ? `, ${count(met)} cold` : ''}`;
      const shade = (0.22 + (0.78 * Math.log1p(n)) / Math.log1p(most)).toFixed(2);
      const gap = Math.min(1, width / 8);
      cells.push(
        box(from + gap / 2, high + 0.5, width - gap, low - high - 1, {
          class: 2 * met > n ? 'heat cold' : 'heat',
          'fill-opacity': shade,
          'data-tip': tip,
        }),
      );
      if (met) {
        const mark = symbol(
          'cold',
          from + width / 2,
          (low + high) / 2,
          Math.min(1.1, Math.max(0.5, Math.min(width / 11, (low - high) / 9))),
        );
        mark.setAttribute('class', 'mark');
        marks.push(mark);
      }
    }
  }
  const ticks = columns
    .filter(({ point }) => point.ticks)
    .map(({ from, width }) =>
      line(from + width / 2, place.bottom + 2, from + width / 2, place.bottom + 9, { class: 'tick' }),
    );
  return svg('g', {}, title(place, 'Response time'), ...rows.flat(), ...cells, ...marks, ...ticks);
}

function requests(place, columns, { bin_seconds: seconds }) {
  const most = Math.max(1, ...columns.map(({ point }) => point.requests));
  const y = linear([0, most], [place.bottom, place.top]);
  const bars = columns
    .filter(({ point }) => point.requests)
    .map(({ point, from, width }) => bar(from, width, y(point.requests), place.bottom, { class: 'requests' }));
  return svg('g', {}, title(place, `Requests: at most ${count(most)} in ${span(seconds)}`), ...bars, ground(place));
}

function errors(place, columns, { bin_seconds: seconds }) {
  const found = columns.filter(({ point }) => point.errors + point.faults + point.without_record);
  if (!found.length) return svg('g', {}, title(place, 'Errors: none'), ground(place));
  const most = Math.max(1, ...found.map(({ point }) => point.errors + point.faults));
  const y = linear([0, most], [place.bottom, place.top + 9]);
  const drawn = found.flatMap(({ point, from, width }) => [
    point.faults && bar(from, width, y(point.faults), place.bottom, { fill: 'url(#fault-stripes)', class: 'faults' }),
    point.errors && bar(from, width, y(point.faults + point.errors), y(point.faults), { class: 'client-errors' }),
    point.without_record && symbol('no record', from + width / 2, y(point.faults + point.errors) - 6, 0.75),
  ]);
  return svg(
    'g',
    {},
    title(place, `Errors: at most ${count(most)} in ${span(seconds)}`),
    ...drawn.filter(Boolean),
    ground(place),
  );
}

/** A step for each tick, until the next; what is missing to 100 % is what stands out. */
function coverage(place, columns, { bin_seconds: seconds }) {
  const ticked = columns.filter(({ point }) => point.coverage !== null);
  if (!ticked.length) return svg('g', {}, title(place, 'Coverage: no tick of the warmer'), ground(place));
  const y = linear([0, 1], [place.bottom, place.top]);
  const gaps = ticked.slice(1).map(({ point }, index) => point.start - ticked[index].point.start);
  const usual = gaps.toSorted((a, b) => a - b)[gaps.length >> 1] ?? seconds;
  const lowest = ticked.reduce((worst, each) => (each.point.coverage < worst.point.coverage ? each : worst));
  const dips = [];
  let path = '';
  let joined = false;
  for (const [index, { point, from, width }] of ticked.entries()) {
    const next = ticked[index + 1];
    const isNear = next && next.point.start - point.start <= 2 * usual;
    const end = isNear ? next.from : Math.min(place.right, from + (width * usual) / seconds);
    path += `${joined ? 'L' : 'M'}${from.toFixed(1)} ${y(point.coverage).toFixed(1)}H${end.toFixed(1)}`;
    joined = isNear;
    if (point.coverage < 1)
      dips.push(
        box(from, place.top, end - from, y(point.coverage) - place.top, { class: 'dip', fill: 'url(#dip-stripes)' }),
      );
  }
  const isWhole = lowest.point.coverage >= 1;
  const when = place.narrow ? '' : `, at ${moment(lowest.point.start)}`;
  const words = isWhole ? 'Coverage: 100 % at every tick' : `Coverage: lowest ${percent(lowest.point.coverage)}${when}`;
  const scale = [0, 1].map((share) => text(place.left - 7, y(share) + 4, `${100 * share} %`, { 'text-anchor': 'end' }));
  return svg('g', {}, title(place, words), ...scale, ground(place), ...dips, svg('path', { d: path, class: 'steps' }));
}

function title(place, words) {
  return text(place.left, place.top - 6, words, { class: 'lane' });
}

function ground({ left, right, bottom }) {
  return line(left, bottom, right, bottom, { class: 'ground' });
}

function bar(from, width, top, bottom, more) {
  const gap = Math.min(1.5, width / 5);
  return box(from + gap / 2, Math.min(top, bottom - 1), width - gap, Math.max(1, bottom - top), more);
}

function about(point, { bin_seconds: seconds }) {
  const cold = point.cold ? `, ${count(point.cold)} cold (${percent(point.cold_start_rate)})` : '';
  const failed = [
    [point.faults, '× 5xx'],
    [point.errors, '× 4xx'],
    [point.without_record, 'without a record'],
  ].filter(([n]) => n);
  return [
    `${moment(point.start)}, ${span(seconds)}`,
    `${number(point.requests, 'request')}${cold}`,
    ...(failed.length ? [failed.map(([n, what]) => `${count(n)} ${what}`).join(', ')] : []),
    ...(point.ticks ? [`coverage ${percent(point.coverage)}, ${number(point.ticks, 'tick')}`] : []),
  ].join('\n');
}

function described({ timeline, pings }) {
  const sum = (key) => timeline.reduce((total, point) => total + point[key], 0);
  return (
    `Over time: ${number(sum('requests'), 'request')}, ${count(sum('cold'))} cold, ${count(sum('faults'))} of 5xx, ` +
    `${number(pings.ticks, 'tick')} with a lowest coverage of ${percent(pings.coverage_lowest)}. A table with all figures follows.`
  );
}
