// When: response times as a heatmap, and beneath it, on the same axis, requests, errors and coverage.

import { box, drawing, line, linear, roundMoments, stripes, text } from './chart.js';
import { svg, update } from './dom.js';
import { count, moment, number, percent, span } from './figures.js';
import { heat } from './heatmap.js';
import { coverage, errors, requests } from './lanes.js';
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
      svg('defs', {}, stripes('stripes', 'var(--fault)')),
      axis.flat(),
      hover,
      lanes,
    ),
  ]);
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
