'use strict';

// The graphs of what users met: every request of the front doors, and no ping.

const { metrics } = require('../vocabulary.json');
const { COLORS, FURTHER_COLORS, hidden, own } = require('./metrics.cjs');
const { graph } = require('./widgets.cjs');
const { groupNames } = require('./x-ray.cjs');

/** How many of all requests met a cold start; the start metrics count each one, whether X-Ray traces it or not. */
function coldStartRate(service) {
  const { frontDoors } = service;
  const functions = uniqueByName(frontDoors.flatMap((door) => door.functions));
  const filled = (ids) => ids.map((id) => `FILL(${id}, 0)`).join(' + ');
  const startIds = functions.map((_, index) => `starts${index}`);
  const requestIds = frontDoors.map((_, index) => `requests${index}`);
  const count = requestIds.length > 1 ? `(${filled(requestIds)})` : requestIds[0];
  const rate = (ids) => `100 * (${filled(ids)}) / ${count}`;
  const several = functions.length > 1;
  const all = { expression: rate(startIds), id: 'all', label: several ? 'all functions' : 'cold', color: COLORS.bad };
  const ofEach = functions.map(({ key }, index) => [
    {
      expression: rate([`starts${index}`]),
      id: `rate${index}`,
      label: `cold starts of ${key}`,
      color: FURTHER_COLORS[index % FURTHER_COLORS.length],
    },
  ]);
  return graph('Cold-start rate of all user requests', '% of all requests', [
    [all],
    ...(several ? ofEach : []),
    ...functions.map((each, index) => own(service, each, metrics.starts.cold, hidden(startIds[index]))),
    ...frontDoors.map((door, index) => ofDoor(door, door.metrics.requests, hidden(requestIds[index]))),
  ]);
}

function latencies({ frontDoors }) {
  return frontDoors.map((door) =>
    graph(`Response time at ${door.name}`, 'ms, no pings', statistics(door, door.metrics.latency)),
  );
}

/** Lambda's own Duration counts pings, which are held; this does not. */
function timesInFunctions({ frontDoors }) {
  return frontDoors
    .filter((door) => door.metrics.inFunctions)
    .map((door) =>
      graph(
        `Users' time in the functions, at ${door.name}`,
        'ms, no pings',
        statistics(door, door.metrics.inFunctions),
      ),
    );
}

function requests({ frontDoors }) {
  return frontDoors.map((door) =>
    graph(
      `Requests at ${door.name}`,
      'count in 5 minutes',
      [ofDoor(door, door.metrics.requests, { label: 'requests', color: COLORS.p50 })],
      { stat: 'Sum' },
    ),
  );
}

/** Beside the requests and not among them, where a few would be a flat line. */
function errors({ frontDoors }) {
  return frontDoors.map((door) =>
    graph(
      `Errors at ${door.name}`,
      'responses in 5 minutes',
      [
        ofDoor(door, door.metrics.clientErrors, { label: '4xx', color: COLORS.p95 }),
        ofDoor(door, door.metrics.serverErrors, { label: '5xx', color: COLORS.bad }),
      ],
      { stat: 'Sum' },
    ),
  );
}

/** What the groups hold: it says how large the sample is, and no rate comes from it. */
function traced({ label }) {
  const names = groupNames(label);
  const group = (of, options) => ['AWS/X-Ray', 'ApproximateTraceCount', 'GroupName', names[of], options];
  return graph(
    "X-Ray's sample of the user requests",
    'traces in 5 minutes',
    [group('all', { label: 'all traced', color: COLORS.p50 }), group('cold', { label: 'cold', color: COLORS.bad })],
    { stat: 'Sum' },
  );
}

function statistics(door, metric) {
  const colors = [COLORS.p50, COLORS.p95, COLORS.p99];
  const shown = door.latencies.length === colors.length ? colors : [COLORS.p50, COLORS.p99];
  return door.latencies.map((stat, index) => ofDoor(door, metric, { label: stat, stat, color: shown[index] }));
}

function ofDoor({ namespace, dimensions }, metric, options) {
  return [namespace, metric, ...dimensions, options];
}

function uniqueByName(functions) {
  return [...new Map(functions.map((each) => [each.name, each])).values()];
}

module.exports = { coldStartRate, errors, latencies, requests, timesInFunctions, traced };
