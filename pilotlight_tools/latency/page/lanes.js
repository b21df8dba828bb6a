// The lanes beneath the heatmap: requests, errors, and the coverage that the warmer's ticks proved.

import { box, laneTitle, line, linear, text } from './chart.js';
import { svg } from './dom.js';
import { count, moment, percent, span } from './figures.js';
import { symbol } from './start_types.js';

export function requests(place, columns, { bin_seconds: seconds }) {
  const most = Math.max(1, ...columns.map(({ point }) => point.requests));
  const y = linear([0, most], [place.bottom, place.top]);
  const bars = columns
    .filter(({ point }) => point.requests)
    .map(({ point, from, width }) => bar(from, width, y(point.requests), place.bottom, { class: 'requests' }));
  return svg('g', {}, laneTitle(place, `Requests: at most ${count(most)} in ${span(seconds)}`), ...bars, ground(place));
}

export function errors(place, columns, { bin_seconds: seconds }) {
  const found = columns.filter(({ point }) => point.errors + point.faults + point.without_record);
  if (!found.length) return svg('g', {}, laneTitle(place, 'Errors: none'), ground(place));
  const most = Math.max(1, ...found.map(({ point }) => point.errors + point.faults));
  const y = linear([0, most], [place.bottom, place.top + 9]);
  const drawn = found.flatMap(({ point, from, width }) => [
    point.faults && bar(from, width, y(point.faults), place.bottom, { class: 'faults' }),
    point.errors && bar(from, width, y(point.faults + point.errors), y(point.faults), { class: 'client-errors' }),
    point.without_record && symbol('no record', from + width / 2, y(point.faults + point.errors) - 6, 0.75),
  ]);
  return svg(
    'g',
    {},
    laneTitle(place, `Errors: at most ${count(most)} in ${span(seconds)}`),
    ...drawn.filter(Boolean),
    ground(place),
  );
}

/** A step for each tick, until the next; what is missing to 100 % is what stands out. */
export function coverage(place, columns, { bin_seconds: seconds }) {
  const ticked = columns.filter(({ point }) => point.coverage !== null);
  if (!ticked.length) return svg('g', {}, laneTitle(place, 'Coverage: no tick of the warmer'), ground(place));
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
      dips.push(box(from, place.top, end - from, y(point.coverage) - place.top, { class: 'dip' }));
  }
  const isWhole = lowest.point.coverage >= 1;
  const when = place.narrow ? '' : `, at ${moment(lowest.point.start)}`;
  const words = isWhole ? 'Coverage: 100 % at every tick' : `Coverage: lowest ${percent(lowest.point.coverage)}${when}`;
  const scale = [0, 1].map((share) => text(place.left - 7, y(share) + 4, `${100 * share} %`, { 'text-anchor': 'end' }));
  return svg(
    'g',
    {},
    laneTitle(place, words),
    ...scale,
    ground(place),
    ...dips,
    svg('path', { d: path, class: 'steps' }),
  );
}

function ground({ left, right, bottom }) {
  return line(left, bottom, right, bottom, { class: 'ground' });
}

function bar(from, width, top, bottom, more) {
  const gap = Math.min(1.5, width / 5);
  return box(from + gap / 2, Math.min(top, bottom - 1), width - gap, Math.max(1, bottom - top), more);
}
