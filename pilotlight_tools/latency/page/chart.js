// What the charts share: scales, ticks, lines and words.

import { svg } from './dom.js';

const STEPS_SECONDS = [10, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 432000, 604800];
const DAY_SECONDS = 86400;

export function linear([from, to], [start, end]) {
  return (value) => start + ((value - from) / (to - from || 1)) * (end - start);
}

export function logarithmic([from, to], range) {
  const scale = linear([Math.log(from), Math.log(to)], range);
  return (value) => scale(Math.log(value));
}

/** The ends of an axis of time: a decade apart at least, so that a single bin does not fill the chart. */
export function decade(from, to) {
  const missing = Math.max(1, Math.sqrt((10 * from) / to));
  return [from / missing, to * missing];
}

/** 1, 2 and 5 times powers of ten between two times, or fewer where there is no room for so many. */
export function roundTimes(from, to, room) {
  const first = Math.floor(Math.log10(from));
  const decades = Array.from({ length: Math.ceil(Math.log10(to)) + 1 - first }, (_, index) => first + index);
  const between = (factors) =>
    decades
      .flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(2))))
      .filter((time) => time >= from && time <= to);
  return [[1, 2, 5], [1, 3], [1]].map(between).find((times) => times.length <= room) ?? between([1]);
}

/** Round moments between two (epoch seconds), by the reader's clock, `room` at most, each with its words. */
export function roundMoments(from, to, room) {
  const step = STEPS_SECONDS.find((seconds) => (to - from) / seconds <= room) ?? STEPS_SECONDS.at(-1);
  const first = new Date(from * 1000);
  const at = (index) =>
    step < DAY_SECONDS
      ? new Date(first.getFullYear(), first.getMonth(), first.getDate(), 0, 0, index * step).getTime() / 1000
      : new Date(first.getFullYear(), first.getMonth(), first.getDate() + (index * step) / DAY_SECONDS) / 1000;
  const moments = [];
  for (let index = Math.max(0, Math.floor((from - at(0)) / step) - 1); at(index) <= to; index += 1) {
    if (at(index) >= from) moments.push({ at: at(index), words: words(at(index), step) });
  }
  return moments;
}

export function text(x, y, content, more = {}) {
  return svg('text', { x: x.toFixed(1), y: y.toFixed(1), ...more }, content);
}

export function line(x1, y1, x2, y2, more = {}) {
  const [a, b, c, d] = [x1, y1, x2, y2].map((each) => each.toFixed(1));
  return svg('line', { x1: a, y1: b, x2: c, y2: d, ...more });
}

/** The words above a lane of a chart. */
export function laneTitle(place, words) {
  return text(place.left, place.top - 6, words, { class: 'lane' });
}

export function box(x, y, width, height, more = {}) {
  const [a, b, c, d] = [x, y, Math.max(0, width), Math.max(0, height)].map((each) => each.toFixed(2));
  return svg('rect', { x: a, y: b, width: c, height: d, ...more });
}

/** A drawing with a description for those who do not see it. */
export function drawing(width, height, description, ...children) {
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': description },
    ...children,
  );
}

/** Stripes, so that what they fill differs from the rest without colour. */
export function stripes(id, tint) {
  return svg(
    'pattern',
    { id, width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    svg('rect', { width: 5, height: 5, fill: 'var(--card)' }),
    svg('rect', { width: 2.6, height: 5, fill: tint }),
  );
}

function words(at, step) {
  const date = new Date(at * 1000);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (step >= DAY_SECONDS || isMidnight) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const seconds = step < 60 ? { second: '2-digit' } : {};
  return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds });
}
