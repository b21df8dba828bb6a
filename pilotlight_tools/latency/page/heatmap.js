// Response times over time: a cell for each bin of both, stronger for more requests; what was cold has a mark.

import { box, decade, laneTitle, line, logarithmic, roundTimes, text } from './chart.js';
import { svg } from './dom.js';
import { count, moment, ms, number, shortMs } from './figures.js';
import { symbol } from './start_types.js';

/** The lane of a chart over time; the warmer's ticks stand beneath it. */
export function heat(place, columns, { heatmap }) {
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
  return svg('g', {}, laneTitle(place, 'Response time'), ...rows.flat(), ...cells, ...marks, ...ticks);
}
