// How long: a row of bars for each start type, all on one axis of time.

import { box, decade, drawing, line, logarithmic, roundTimes, text } from './chart.js';
import { svg, update } from './dom.js';
import { count, ms, number, percent, shortMs } from './figures.js';
import { colour, symbol } from './start_types.js';
import { empty } from './words.js';

const AXIS = 26;
const LONGEST = 16;

export function spread(report, width, isPrinted = false) {
  const { edges, counts } = report.histogram;
  if (edges.length < 2) return update('spread-chart', [empty('No measured request in this time range yet.')]);
  const narrow = width < 620;
  const [low, high] = decade(edges[0], edges.at(-1));
  const [left, right] = [narrow ? 8 : 200, width - 14];
  const x = logarithmic([low, high], [left, right]);
  const names = [...new Set([...Object.keys(report.starts), ...Object.keys(counts)])];
  const [words, bars, space] = isPrinted ? [12, 18, 8] : narrow ? [52, 40, 16] : [14, 50, 16];
  const bottom = names.length * (words + bars + space);
  const times = roundTimes(low, high, Math.floor((right - left) / 62));
  const rows = names.map((name, index) => {
    const top = index * (words + bars + space) + words;
    return row({ name, top, bottom: top + bars, left, right, narrow, x }, report);
  });
  update('spread-chart', [
    drawing(
      width,
      bottom + AXIS,
      described(names, report),
      times.map((time) => [
        line(x(time), 0, x(time), bottom, { class: 'grid' }),
        text(x(time), bottom + 17, shortMs(time), { 'text-anchor': time === times[0] && narrow ? 'start' : 'middle' }),
      ]),
      rows,
    ),
  ]);
}

function row(place, report) {
  const { name, top, bottom, left, right, narrow, x } = place;
  const { edges, counts } = report.histogram;
  const start = report.starts[name];
  const bins = counts[name] ?? [];
  const most = Math.max(1, ...bins);
  const share = start && report.requests ? start.count / report.requests : 0;
  const [wordsX, wordsY] = narrow ? [left, top - 36] : [4, top + 12];
  const track = narrow ? right - left : left - 32;
  const drawn = bins.flatMap((n, index) => {
    if (!n) return [];
    const height = Math.max(2, (n / most) * (bottom - top));
    const tip = `${name}, ${ms(edges[index])} to ${ms(edges[index + 1])}\n${number(n, 'request')}, ${percent(n / start.response.count)} of these`;
    const [from, to] = [x(edges[index]), x(edges[index + 1])];
    return [box(from + 0.5, bottom - height, to - from - 1, height, { fill: colour(name), 'data-tip': tip })];
  });
  const shareY = narrow ? wordsY + 8 : wordsY + 24;
  return svg(
    'g',
    { 'data-key': name },
    symbol(name, wordsX + 5, wordsY - 4.5, 1.05),
    text(wordsX + 16, wordsY, name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name, { class: 'row' }),
    narrow
      ? text(right, wordsY, totals(start, share), { 'text-anchor': 'end' })
      : text(wordsX + 16, wordsY + 17, totals(start, share)),
    box(wordsX, shareY, track, 4, { class: 'track', rx: 2 }),
    box(wordsX, shareY, Math.max(1.5, track * share), 4, { fill: colour(name), rx: 2 }),
    ...drawn,
    line(left, bottom, right, bottom, { class: 'ground' }),
    median(place, start),
  );
}

function totals(start, share) {
  return start ? `${count(start.count)}, ${percent(share)}` : '';
}

function median({ top, bottom, left, right, x }, start) {
  const response = start?.response;
  if (!response) return text(left + 4, bottom - 7, 'none measured');
  const at = x(response.p50);
  const isRight = at > (left + right) / 2;
  return svg(
    'g',
    {},
    line(at, top - 12, at, bottom, { class: 'median' }),
    text(isRight ? at - 5 : at + 5, top - 4, `median ${ms(response.p50)}`, {
      class: 'halo',
      'text-anchor': isRight ? 'end' : 'start',
    }),
  );
}

function described(names, report) {
  const each = names.map((name) => {
    const start = report.starts[name];
    return `${name} ${count(start?.count ?? 0)} requests, median ${ms(start?.response?.p50)}`;
  });
  return `Response times by start type: ${each.join('; ')}. A table with all figures follows.`;
}
