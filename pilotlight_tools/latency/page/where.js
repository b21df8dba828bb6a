// Which: the tables by start type, route, function, and of the slowest requests.

import { element, update } from './dom.js';
import { count, moment, ms, NOTHING, percent } from './figures.js';
import { label } from './start_types.js';
import { failures, name, nothing, percentiles, table } from './tables.js';

const DURATIONS = ['p50', 'p90', 'p95', 'p99', 'max'];
const GROUPS_SHOWN = 12;

export function tables(report, isLive) {
  const { starts: met, timeline, histogram } = report;
  show('starts', Object.keys(met).length);
  show('time-more', timeline.length);
  show('spread-more', histogram.edges.length);
  starts(report);
  spreadTable(report);
  timeTable(report);
  groups('routes', 'Route', report.routes);
  groups('functions', 'Function', report.functions);
  coverages(report);
  slowest(report, isLive);
}

function starts(report) {
  const all = Object.entries(report.starts);
  // Where every request was measured, this column would only repeat the counts.
  const measured = (n) => (report.measured < report.requests ? [n] : []);
  const sum = (key) => all.reduce((total, [, start]) => total + start[key], 0);
  const cells = (first, each, init) => [
    first,
    count(each.count),
    percent(report.requests ? each.count / report.requests : null),
    ...measured(count(each.response?.count ?? 0)),
    ...percentiles(each.response, DURATIONS),
    init,
    count(each.errors),
    failures(each.faults),
  ];
  const every = { count: report.requests, response: report.every, errors: sum('errors'), faults: sum('faults') };
  update('starts-table', [
    table(
      [
        { name: 'Start', text: true },
        'Requests',
        'Share',
        ...measured('Measured'),
        ...['p50', 'p90', 'p95', 'p99', 'Max', 'Init p50', '4xx', '5xx'],
      ],
      all.map(([type, start]) => ({
        key: type,
        cells: cells(label(type), start, start.init ? ms(start.init.p50) : nothing('no init, or none traced')),
      })),
      all.length > 1 ? cells('all', every, '') : null,
    ),
  ]);
}

function show(id, isThere) {
  document.getElementById(id).hidden = !isThere;
}

function spreadTable({ histogram: { edges, counts } }) {
  const names = Object.keys(counts);
  update('spread-table', [
    table(
      [{ name: 'Response time', text: true }, ...names],
      edges.slice(1).map((to, index) => ({
        key: edges[index],
        cells: [`${ms(edges[index])} to ${ms(to)}`, ...names.map((type) => count(counts[type][index]))],
      })),
    ),
  ]);
}

function timeTable({ timeline }) {
  update('time-table', [
    table(
      [{ name: 'From', text: true }, 'Requests', 'Cold', 'Cold-start rate', 'No record', '4xx', '5xx', 'Coverage'],
      timeline.map((point) => ({
        key: point.start,
        cells: [
          moment(point.start),
          count(point.requests),
          count(point.cold),
          point.cold_start_rate === null ? nothing('no request') : percent(point.cold_start_rate),
          count(point.without_record),
          count(point.errors),
          failures(point.faults),
          point.coverage === null ? nothing('no tick') : percent(point.coverage),
        ],
      })),
    ),
  ]);
}

function groups(id, head, all) {
  show(id, all.length);
  const columns = [{ name: head, text: true }, 'Requests', 'Cold', 'No record', 'p50', 'p95', 'p99', '4xx', '5xx'];
  const rows = all.map((group) => ({
    key: group.name,
    cells: [
      name(group.name),
      count(group.requests),
      count(group.cold),
      failures(group.without_record),
      ...percentiles(group.response, ['p50', 'p95', 'p99']),
      count(group.errors),
      failures(group.faults),
    ],
  }));
  const rest = rows.slice(GROUPS_SHOWN);
  update(`${id}-table`, [table(columns, rows.slice(0, GROUPS_SHOWN))]);
  show(`${id}-more`, rest.length);
  update(`${id}-rest`, rest.length ? [table(columns, rest)] : []);
}

function coverages({ pings }) {
  const targets = Object.entries(pings.functions);
  show('targets', targets.length > 1);
  update('targets-table', [
    table(
      [{ name: 'Function', text: true }, 'Ticks', 'Coverage, mean', 'Lowest', 'Cold pings'],
      targets.map(([target, each]) => ({
        key: target,
        cells: [name(target), count(each.ticks), percent(each.mean), percent(each.lowest), count(each.cold_pings)],
      })),
    ),
  ]);
}

function slowest({ slowest: all }, isLive) {
  show('slowest', all.length);
  // A service may have both: functions behind a traced stage, and others.
  const mixed = new Set(all.map((slow) => slow.measured_by)).size > 1;
  const several = new Set(all.map((slow) => slow.function)).size > 1;
  update('slowest-table', [
    table(
      [
        'Waited',
        ...(mixed ? [{ name: 'Measured by', text: true }] : []),
        { name: 'Start', text: true },
        'Status',
        { name: 'Request', text: true },
        'Init',
        'Handler',
        { name: 'At', text: true },
        { name: 'Trace', text: true },
      ],
      all.map((slow) => ({
        key: slow.trace_id ?? `${slow.at} ${slow.request}`,
        cells: [
          ms(slow.response_ms),
          ...(mixed ? [slow.measured_by ?? NOTHING] : []),
          label(slow.start),
          slow.status === null ? nothing('no status') : String(slow.status),
          element('span', {}, name(slow.request), several && element('span', { class: 'more' }, name(slow.function))),
          traced(slow.init_ms, slow),
          traced(slow.handler_ms, slow),
          moment(slow.at),
          trace(slow, isLive),
        ],
      })),
    ),
  ]);
}

function traced(value, { trace_id: id }) {
  return value === null ? nothing(id === null ? 'not traced' : 'none') : ms(value);
}

function trace({ trace_id: id, console_url: url }, isLive) {
  if (id === null) return nothing('not traced');
  const short = element('code', { title: id }, `${id.slice(0, 10)}…`);
  const href = url ?? (isLive ? `traces/${id}` : null);
  const where = element('span', { class: 'hidden' }, ` trace ${id}${url ? ' in the X-Ray console' : ''}, in a new tab`);
  return href ? element('a', { href, target: '_blank', rel: 'noreferrer' }, short, where) : short;
}
