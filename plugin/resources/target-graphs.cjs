'use strict';

// The graphs of one target: what its users met, what its ticks did, and what Lambda says of it, pings included.

const { annotations, metrics } = require('../vocabulary.json');
const { COLORS, hidden, own } = require('./metrics.cjs');
const { graph, query } = require('./widgets.cjs');

/** `of` ends a title where there are several targets. */
function starts(service, target, of) {
  const start = (type, label, color) => own(service, target, metrics.starts[type], { label, color });
  return graph(
    `Requests without a warm environment${of}`,
    'count in 5 minutes',
    [
      start('cold', 'cold: waited for the init', COLORS.bad),
      start('proactive', 'proactive: initialised ahead', COLORS.good),
      start('provisioned', 'provisioned', COLORS.p50),
      start('restored', 'restored', COLORS.p95),
    ],
    { stat: 'Sum', stacked: true },
  );
}

/** Of the start lines, which only users' requests write: an init that a ping met is not among them. */
function waitedInits(_service, target, of) {
  const init = annotations.init_ms;
  return query(`Init that users waited for, in ms${of}`, target.logGroup, [
    `filter ispresent(${metrics.starts.cold})`,
    `stats pct(${init}, 50) as p50, max(${init}) as longest by bin(5m)`,
  ]);
}

function coverage(service, target, of) {
  return graph(
    `Coverage of ticks${of}`,
    '% of requested environments',
    [own(service, target, metrics.coverage, { label: 'lowest tick', stat: 'Minimum', color: COLORS.good })],
    { max: 100, lines: [{ label: 'every environment warm', value: 100, color: COLORS.good }] },
  );
}

function pings(service, target, of) {
  const count = (metric, label, color) => own(service, target, metric, { label, color });
  return graph(
    `Pings${of}`,
    'count in 5 minutes',
    [
      count(metrics.tick.cold, 'created an environment', COLORS.p50),
      count(metrics.tick.failed, 'failed', COLORS.bad),
      count(metrics.tick.throttled, 'throttled', COLORS.p95),
      count(metrics.incompleteTick, 'incomplete ticks', COLORS.other),
    ],
    { stat: 'Sum' },
  );
}

/** A tick holds its pings all at once, so the most at once is never less than what it proved. */
function concurrency(service, target, of) {
  return graph(`At work at once, pings included${of}`, 'execution environments', [
    lambda(target, 'ConcurrentExecutions', {
      label: 'requests and pings, most at once',
      stat: 'Maximum',
      color: COLORS.p50,
    }),
    own(service, target, metrics.tick.unique, { label: 'held by a tick', stat: 'Maximum', color: COLORS.good }),
  ]);
}

/** The warmer's own count takes its throttled pings out of Lambda's. */
function throttlesAndErrors(service, target, of) {
  const users = { expression: 'FILL(throttles, 0) - FILL(pings, 0)', id: 'users', label: "users' requests throttled" };
  return graph(
    `Throttles, and errors pings included${of}`,
    'count in 5 minutes',
    [
      [{ ...users, color: COLORS.p95 }],
      lambda(target, 'Throttles', hidden('throttles')),
      own(service, target, metrics.tick.throttled, hidden('pings')),
      lambda(target, 'Errors', { label: 'function errors, pings included', color: COLORS.bad }),
    ],
    { stat: 'Sum' },
  );
}

function lambda({ name }, metric, options) {
  return ['AWS/Lambda', metric, 'FunctionName', name, options];
}

module.exports = { concurrency, coverage, pings, starts, throttlesAndErrors, waitedInits };
