'use strict';
// Draws the report in the page, or fetches it repeatedly when the page is live.

const EVERY_MS = 2000;
// A start type with fewer measured requests is shown in the tables only: its spread would be noise.
const FEWEST_DRAWN = 20;
const { report: included, live } = JSON.parse(document.getElementById('data').textContent);
let shown = null;
// Fields that change with every reading, even when nothing has happened.
const VOLATILE = { made_at: 0, time_range: null };

if (live) {
  say('Waiting for the first figures …');
  poll();
} else {
  show(included);
}
let width = 0;
new ResizeObserver(() => {
  const now = document.getElementById('spread-chart').clientWidth;
  if (shown && now !== width) {
    width = now;
    charts(shown);
  }
}).observe(document.body);

async function poll() {
  try {
    // A hidden page fetches nothing.
    if (!document.hidden) {
      const response = await fetch('report.json');
      const content = await response.json();
      if (content.problem) say(content.problem, true);
      else {
        show(content);
        say(`Live: read at ${clock(content.made_at, true)}, and again every few seconds`);
      }
    }
  } catch {
    say('The local stack does not respond. This page keeps trying.', true);
  }
  setTimeout(poll, EVERY_MS);
}

function say(text, problem = false) {
  const state = document.getElementById('state');
  state.hidden = false;
  state.textContent = text;
  state.classList.toggle('problem', problem);
}

function show(report) {
  const same = shown && JSON.stringify({ ...report, ...VOLATILE }) === JSON.stringify({ ...shown, ...VOLATILE });
  shown = report;
  if (same) return;
  put('service', report.service);
  const sample = report.sampled < report.requests ? `, durations from a sample of ${count(report.sampled)}` : '';
  put(
    'scope',
    `${report.region ?? 'On this machine'}, ${moment(report.time_range.start)} to ${moment(report.time_range.end)}: ` +
      `${number(report.requests, 'user request')}${sample}.`,
  );
  tiles(report);
  tables(report);
  definitions(report);
  fill(
    'notes',
    [...report.notes, `Response time: start to end of the segment of ${report.measured_by}. ${report.method}`].map(
      (note) =>
        element(
          'li',
          {},
          ...note.split(/(--\w+)/).map((part) => (part.startsWith('--') ? element('code', {}, part) : part)),
        ),
    ),
  );
  charts(report);
}

function tiles(report) {
  const { cold, warm } = report.starts;
  const slower = cold?.response && warm?.response ? cold.response.p50 / warm.response.p50 : null;
  const pings = report.pings;
  fill('tiles', [
    tile(
      'Cold-start rate',
      percent(report.cold_start_rate),
      `${count(cold?.count ?? 0)} of ${number(report.requests, 'request')} met a cold start`,
    ),
    tile(
      'Cold median',
      ms(cold?.response?.p50),
      slower ? `${slower.toFixed(1)} times the warm median` : 'No warm request to compare with',
      'cold',
    ),
    tile('Warm median', ms(warm?.response?.p50), warm?.response ? `99 % within ${ms(warm.response.p99)}` : '', 'warm'),
    tile(
      'Saved by pings',
      count(pings.environments),
      pings.requests
        ? `${pings.environments === 1 ? 'environment' : 'environments'} made by a ping served ${number(pings.requests, 'request')}: no user waited for the init`
        : 'No request has met an environment made by a ping',
    ),
    tile(
      'Coverage',
      percent(pings.coverage_mean),
      pings.ticks
        ? `mean of ${number(pings.ticks, 'tick')}, lowest ${percent(pings.coverage_lowest)}`
        : 'No tick of the warmer in this time range',
    ),
  ]);
  put(
    'spread-lead',
    cold?.response && warm?.response
      ? `Of ${count(cold.response.count)} cold and ${count(warm.response.count)} warm requests measured.`
      : `Of ${number(report.measured, 'request')} measured.`,
  );
}

function tile(name, figure, more, type) {
  const title = element('span', { class: 'name' }, ...(type ? [swatch(type)] : []), name);
  return element(
    'li',
    {},
    title,
    element('span', { class: 'figure' }, figure),
    element('span', { class: 'more' }, more),
  );
}

function tables(report) {
  const starts = Object.entries(report.starts);
  const durations = (d) => ['p50', 'p90', 'p95', 'p99', 'max'].map((key) => ms(d?.[key]));
  // When every request was measured, this column would only repeat the counts.
  const measured = (n) => (report.measured < report.requests ? [n] : []);
  fill('starts-table', [
    table(
      [
        'Start',
        'Requests',
        'Share',
        ...measured('Measured'),
        'p50',
        'p90',
        'p95',
        'p99',
        'Max',
        'Init p50',
        '4xx',
        '5xx',
      ],
      starts.map(([name, s]) => [
        label(name),
        count(s.count),
        percent(s.count / report.requests),
        ...measured(count(s.response?.count ?? 0)),
        ...durations(s.response),
        ms(s.init?.p50),
        count(s.errors),
        count(s.faults),
      ]),
      starts.length > 1
        ? [
            'all',
            count(report.requests),
            '100 %',
            ...measured(count(report.measured)),
            ...durations(report.every),
            '',
            count(d3.sum(starts, ([, s]) => s.errors)),
            count(d3.sum(starts, ([, s]) => s.faults)),
          ]
        : null,
    ),
  ]);

  const { edges, counts } = report.histogram;
  const names = Object.keys(counts);
  fill('spread-table', [
    table(
      ['Response time', ...names.map(label)],
      edges
        .slice(1)
        .map((to, index) => [`${ms(edges[index])} to ${ms(to)}`, ...names.map((name) => count(counts[name][index]))]),
    ),
  ]);
  fill('time-table', [
    table(
      ['From', 'Requests', 'Cold', 'Cold-start rate', 'Coverage'],
      report.timeline.map((p) => [
        moment(p.start),
        count(p.requests),
        count(p.cold),
        percent(p.cold_start_rate),
        percent(p.coverage),
      ]),
    ),
  ]);
  const targets = Object.entries(report.pings.functions);
  document.getElementById('targets').hidden = targets.length < 2;
  fill('targets-table', [
    table(
      ['Function', 'Ticks', 'Coverage, mean', 'Lowest', 'Cold pings'],
      targets.map(([name, c]) => [
        element('span', { class: 'text' }, name),
        count(c.ticks),
        percent(c.mean),
        percent(c.lowest),
        count(c.cold_pings),
      ]),
    ),
  ]);
  // A service may have both: functions behind a traced stage, and others.
  const mixed = new Set(report.slowest.map((s) => s.measured_by)).size > 1;
  const measure = (name) => (mixed ? [name] : []);
  fill('slowest-table', [
    table(
      ['Waited', ...measure('Measured by'), 'Start', 'Init', 'Handler', 'Status', 'Request', 'At', 'Trace'],
      report.slowest.map((s) => [
        ms(s.response_ms),
        ...measure(s.measured_by),
        label(s.start),
        ms(s.init_ms),
        ms(s.handler_ms),
        String(s.status ?? ''),
        element('span', { class: 'text', title: s.function }, s.request),
        moment(s.at),
        traceLink(s),
      ]),
    ),
  ]);
}

function traceLink(slow) {
  const href = slow.console_url ?? (live ? `traces/${slow.trace_id}` : null);
  const text = element('code', {}, `${slow.trace_id.slice(0, 14)}…`);
  const name = `Trace ${slow.trace_id}${slow.console_url ? ' in the X-Ray console' : ''}`;
  return href
    ? element('a', { href, target: '_blank', rel: 'noreferrer', 'aria-label': name, title: name }, text)
    : element('span', { title: slow.trace_id }, text);
}

function definitions(report) {
  fill(
    'definitions',
    Object.entries(report.definitions).flatMap(([name, meaning]) => [
      element('dt', {}, label(name)),
      element('dd', {}, meaning),
    ]),
  );
}

function charts(report) {
  spread(report);
  overTime('rate-chart', report, (p) => p.cold_start_rate, 'var(--cold)', null, 'cold-start rate');
  overTime('coverage-chart', report, (p) => p.coverage, 'var(--coverage)', 100, 'coverage of ticks');
  put(
    'rate-caption',
    `Share of user requests that met a cold start, in bars of ${span(report.bin_seconds)}. No bar: no requests.`,
  );
}

function spread(report) {
  const { edges, counts } = report.histogram;
  const frame = document.getElementById('spread-chart');
  const drawn = (name) => name === 'cold' || name === 'warm' || d3.sum(counts[name]) >= FEWEST_DRAWN;
  const names = Object.keys(counts)
    .filter(drawn)
    .sort((a, b) => d3.sum(counts[b]) - d3.sum(counts[a]));
  fill(
    'spread-legend',
    Object.keys(counts).map((name) =>
      element(
        'span',
        {},
        label(name),
        ` ${count(d3.sum(counts[name]))}, median ${ms(report.starts[name].response.p50)}`,
        drawn(name) ? '' : ' (too few to draw)',
      ),
    ),
  );
  if (!edges.length) return empty(frame, 'No measured request in this time range yet.');
  const rows = names.flatMap((name) =>
    counts[name].map((n, i) => ({
      name,
      from: edges[i],
      to: edges[i + 1],
      n,
      share: (100 * n) / d3.sum(counts[name]),
    })),
  );
  const medians = names.map((name) => ({ name, at: report.starts[name].response.p50 }));
  // The legend has every median; the chart labels only those that do not overlap.
  const apart = (m) =>
    medians.every(
      (other) =>
        other === m || Math.abs(Math.log(other.at / m.at)) > (narrow ? 0.4 : 0.2) * Math.log(edges.at(-1) / edges[0]),
    );
  const narrow = frame.clientWidth < 520;
  const chart = Plot.plot({
    width: frame.clientWidth,
    height: narrow ? 260 : 340,
    marginLeft: 30,
    marginRight: 30,
    marginBottom: 40,
    marginTop: 30,
    ariaLabel: `Response times: ${medians.map((m) => `${m.name} median ${ms(m.at)}`).join(', ')}. A table with all figures follows.`,
    x: {
      type: 'log',
      domain: [edges[0], edges.at(-1)],
      label: null,
      ticks: roundTimes(edges, narrow),
      tickFormat: shortMs,
    },
    y: { label: null, grid: true, ticks: 5, tickFormat: (share) => `${share}` },
    marks: [
      ...names.map((name) =>
        Plot.rectY(
          rows.filter((r) => r.name === name),
          { x1: 'from', x2: 'to', y: 'share', fill: `var(--${name})`, fillOpacity: 0.62, inset: 0.5 },
        ),
      ),
      Plot.ruleY([0]),
      Plot.ruleX(medians, { x: 'at', stroke: (m) => `var(--${m.name})`, strokeWidth: 2, strokeDasharray: '5 4' }),
      Plot.text(medians.filter(apart), {
        x: 'at',
        frameAnchor: 'top',
        dy: -22,
        text: (m) => `${m.name} ${ms(m.at)}`,
        fill: (m) => `var(--${m.name})`,
        fontWeight: 600,
        fontSize: 13,
      }),
      Plot.tip(
        rows.filter((r) => r.n),
        Plot.pointerX({
          x: (r) => Math.sqrt(r.from * r.to),
          y: 'share',
          title: (r) => `${r.name}: ${number(r.n, 'request')} (${r.share.toFixed(1)} %)\n${ms(r.from)} to ${ms(r.to)}`,
        }),
      ),
    ],
  });
  frame.replaceChildren(chart);
}

function overTime(id, report, value, colour, top, what) {
  const frame = document.getElementById(id);
  const width = report.bin_seconds * 1000;
  const rows = report.timeline
    .filter((p) => value(p) !== null)
    .map((p) => ({
      from: new Date(p.start * 1000),
      to: new Date(p.start * 1000 + width),
      share: 100 * value(p),
      ...p,
    }));
  if (!rows.length) return empty(frame, `No ${what} in this time range yet.`);
  const from = new Date(report.timeline[0].start * 1000);
  const to = new Date(report.timeline.at(-1).start * 1000 + width);
  frame.replaceChildren(
    Plot.plot({
      width: frame.clientWidth,
      height: 200,
      marginLeft: 36,
      marginTop: 24,
      marginBottom: 36,
      ariaLabel: `Bars over time: ${what} between ${d3.min(rows, (r) => r.share).toFixed(1)} and ${d3.max(rows, (r) => r.share).toFixed(1)} percent. A table with all figures follows.`,
      x: { type: 'time', domain: [from, to], label: null, ticks: Math.max(2, Math.floor(frame.clientWidth / 90)) },
      y: {
        domain: [
          0,
          top ??
            Math.max(
              1,
              d3.max(rows, (r) => r.share),
            ),
        ],
        nice: top === null,
        label: '%',
        grid: true,
        ticks: 4,
        labelArrow: false,
      },
      marks: [
        // A bar of height zero is invisible, but zero was measured: the line shows it.
        Plot.rectY(rows, {
          x1: 'from',
          x2: 'to',
          y: 'share',
          fill: colour,
          fillOpacity: 0.75,
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        Plot.ruleY(rows, {
          x1: 'from',
          x2: 'to',
          y: 'share',
          stroke: colour,
          strokeWidth: 2,
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        Plot.ruleY([0]),
        Plot.tip(
          rows,
          Plot.pointerX({
            x: (r) => new Date((+r.from + +r.to) / 2),
            y: 'share',
            title: (r) => `${moment(r.start)}\n${r.share.toFixed(1)} % ${what}, ${number(r.requests, 'request')}`,
          }),
        ),
      ],
    }),
  );
}

/** 1, 2 and 5 times powers of ten between the edges, or only the powers where there is no room for more. */
function roundTimes(edges, narrow) {
  const decades = d3.range(Math.floor(Math.log10(edges[0])), Math.ceil(Math.log10(edges.at(-1))) + 1);
  const steps = decades.length > (narrow ? 3 : 6) ? [1] : [1, 2, 5];
  return decades
    .flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(2))))
    .filter((time) => time >= edges[0] && time <= edges.at(-1));
}

function empty(frame, text) {
  frame.replaceChildren(element('p', { class: 'empty' }, text));
}

function table(head, rows, foot) {
  const cells = (row, first) =>
    row.map((cell, index) =>
      element(index === 0 ? 'th' : 'td', index === 0 ? { scope: first ? 'col' : 'row' } : {}, cell),
    );
  const heads = head.map((cell) => element('th', { scope: 'col' }, cell));
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...cells(row, false)))),
    ...(foot ? [element('tfoot', {}, element('tr', {}, ...cells(foot, false)))] : []),
  );
}

function label(name) {
  return element('span', {}, swatch(name), name);
}
function swatch(name) {
  return element('span', { class: 'swatch', style: `--swatch: var(--${name})`, 'aria-hidden': 'true' });
}
function put(id, text) {
  document.getElementById(id).textContent = text;
}
function fill(id, children) {
  document.getElementById(id).replaceChildren(...children);
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map((child) => (child?.cloneNode && child.isConnected ? child.cloneNode(true) : child)));
  return made;
}

function count(n) {
  return n.toLocaleString('en');
}
function percent(share) {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(share && share < 0.1 ? 2 : 1)} %`;
}
function ms(value) {
  if (value === null || value === undefined) return '–';
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 100 ? Math.round(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}
function shortMs(value) {
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`;
}
function number(n, thing) {
  return `${count(n)} ${thing}${n === 1 ? '' : 's'}`;
}
function span(seconds) {
  return seconds < 60
    ? `${seconds} s`
    : seconds < 3600
      ? `${seconds / 60} min`
      : seconds < 86400
        ? `${seconds / 3600} h`
        : 'a day';
}
function clock(at, precise) {
  return new Date(at * 1000).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    ...(precise ? { second: '2-digit' } : {}),
  });
}
function moment(at) {
  return `${new Date(at * 1000).toLocaleDateString([], { day: 'numeric', month: 'short' })} ${clock(at)}`;
}
