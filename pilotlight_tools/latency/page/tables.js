// Tables: on a narrow screen each row becomes a block of names and figures, so that no column is out of sight.

import { element } from './dom.js';
import { count, ms, NOTHING } from './figures.js';

const FEWEST = { p90: 10, p95: 20, p99: 100 };

/** `columns` are names, or { name, text: true } for words; `rows` are { key, cells } or cells; `foot` is the row of sums. */
export function table(columns, rows, foot) {
  const heads = columns.map((column) => (typeof column === 'string' ? { name: column } : column));
  const line = (row) => {
    const { key, cells } = Array.isArray(row) ? { cells: row } : row;
    return element(
      'tr',
      { role: 'row', 'data-key': key },
      ...cells.map((cell, index) => made(cell, heads[index], index)),
    );
  };
  return element(
    'table',
    { role: 'table' },
    element(
      'thead',
      { role: 'rowgroup' },
      element(
        'tr',
        { role: 'row' },
        ...heads.map(({ name, text }) =>
          element('th', { scope: 'col', role: 'columnheader', class: text ? 'text' : null }, name),
        ),
      ),
    ),
    element('tbody', { role: 'rowgroup' }, ...rows.map((row) => line(row))),
    foot && element('tfoot', { role: 'rowgroup' }, line(foot)),
  );
}

/** A percentile as a cell; where it is not shown, a dash that says why. */
export function percentile(distribution, key) {
  if (!distribution) return nothing('none measured');
  const value = distribution[key];
  return value === null || value === undefined ? nothing(`fewer than ${FEWEST[key]} requests`) : ms(value);
}

export function percentiles(distribution, keys) {
  return keys.map((key) => percentile(distribution, key));
}

export function nothing(why) {
  return element('span', { class: 'nothing', title: why }, NOTHING, element('span', { class: 'hidden' }, ` (${why})`));
}

/** A name from outside, which may be long, or be written from right to left. */
export function name(words) {
  return element('bdi', { class: 'name', title: words }, words);
}

/** A count that is worth a look where it is not 0. */
export function failures(n) {
  return n ? element('strong', {}, count(n)) : '0';
}

function made(cell, { name: head, text }, index) {
  const attributes = { 'data-label': head, class: text ? 'text' : null };
  return index === 0
    ? element('th', { ...attributes, scope: 'row', role: 'rowheader' }, cell)
    : element('td', { ...attributes, role: 'cell' }, cell);
}
