// What happened, in six figures.

import { element, update } from './dom.js';
import { count, ms, number, percent } from './figures.js';
import { swatch } from './start_types.js';
import { nothing } from './tables.js';

export const NO_RECORD = 'no record';

/** What counts and times are of: the label of every figure that is not of something else. */
export function ofWhat(report) {
  const which = report.source === 'access log' ? 'all requests, by the access log' : 'traced requests';
  return report.selection ? `${which}, ${report.selection}` : which;
}

/** Where the access log is off, CloudWatch may have counted all requests, though nobody timed them. */
export function counts({ counted, requests, starts }) {
  if (counted) return { ...counted, cold: counted.starts.cold ?? 0, what: "all requests, by CloudWatch's metrics" };
  const faults = Object.values(starts).reduce((sum, start) => sum + start.faults, 0);
  return { requests, faults, cold: starts.cold?.count ?? 0, what: null };
}

export function tiles(report) {
  const { starts, pings } = report;
  const { requests, faults, cold, what } = counts(report);
  const seesAll = report.source === 'access log';
  update('tiles', [
    tile('Requests', count(requests), what ?? ofWhat(report)),
    tile('Cold-start rate', percent(report.cold_start_rate), `${count(cold)} met a cold start`),
    tile('Cold median', ms(starts.cold?.response?.p50), slower(starts.cold, starts.warm), 'cold'),
    tile(
      'No record',
      seesAll ? count(starts[NO_RECORD]?.count ?? 0) : nothing('X-Ray does not show them'),
      seesAll
        ? 'timed out, crashed, throttled, or refused by API Gateway'
        : 'only the access log shows time-outs and crashes',
      NO_RECORD,
    ),
    tile('5xx', count(faults), requests ? `${percent(faults / requests)} of the requests failed` : 'no request'),
    tile(
      'Coverage',
      percent(pings.coverage_mean),
      pings.ticks
        ? `mean of ${number(pings.ticks, 'tick')}, lowest ${percent(pings.coverage_lowest)}`
        : 'no tick of the warmer in this time range',
    ),
  ]);
}

function slower(cold, warm) {
  if (!cold?.response && !warm?.response) return 'no request measured';
  if (!warm?.response) return 'no warm request to compare with';
  if (!cold?.response) return `no cold request measured; warm ${ms(warm.response.p50)}`;
  const times = cold.response.p50 / warm.response.p50;
  return `${times.toFixed(1)} times the warm median, ${ms(warm.response.p50)}`;
}

function tile(name, figure, more, type) {
  return element(
    'li',
    { 'data-key': name },
    element('span', { class: 'head' }, type && swatch(type), name),
    element('span', { class: 'figure' }, figure),
    element('span', { class: 'more' }, more),
  );
}
