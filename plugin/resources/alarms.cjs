'use strict';

// The alarms of a service. One without a topic still shows on the dashboard and in the console.

const { metrics } = require('../vocabulary.json');

const MINUTE_SECONDS = 60;
const SHORTEST_SECONDS = 300;
const LONGEST_SECONDS = 86400; // of a period: "PutMetricAlarm" in the CloudWatch API Reference
const MOST_PERIODS = 7; // of a day: together they may be a week long

/** The alarms by logical id: of the service, then of each target. */
function alarms(service, targets) {
  if (!service.settings.observability) return {};
  const own = { ...ofApi(service), ...ofWarmer(service) };
  const perTarget = targets.flatMap((target) => Object.entries(ofTarget(service, target)));
  return Object.fromEntries(
    [...Object.entries(own), ...perTarget].map(([id, properties]) => [
      id,
      { Type: 'AWS::CloudWatch::Alarm', Properties: { ...properties, ...actions(service.settings.alarmTopic) } },
    ]),
  );
}

function ofApi({ label, api, stage }) {
  if (!api) return {};
  return {
    ServerErrors: {
      AlarmName: `${label}-5xx`,
      AlarmDescription: 'More than one request in a hundred gets a 5xx response.',
      Namespace: 'AWS/ApiGateway',
      MetricName: '5XXError',
      Dimensions: dimensions({ ApiName: api, Stage: stage }),
      Statistic: 'Average', // of 5XXError: the share of all requests
      Threshold: 0.01,
      ...above(SHORTEST_SECONDS),
    },
  };
}

function ofWarmer({ label, warmer }) {
  if (!warmer) return {};
  const errors = {
    AlarmName: `${label}-warmer-errors`,
    AlarmDescription: 'The warmer itself fails, so nothing is kept warm and no coverage is measured.',
    Namespace: 'AWS/Lambda',
    MetricName: 'Errors',
    Dimensions: dimensions({ FunctionName: warmer.name }),
    Statistic: 'Sum',
    Threshold: 0,
    ...above(periodOf(warmer)),
  };
  const stopped = ticksStopped(label, warmer);
  return stopped ? { WarmerErrors: errors, TicksStopped: stopped } : { WarmerErrors: errors };
}

/** Only where ticks have a known rate: a cron expression may pause, as at night. */
function ticksStopped(label, warmer) {
  const gap = warmer.ticks?.gapSeconds;
  if (!gap) return null;
  const period = Math.min(LONGEST_SECONDS, Math.ceil(gap / MINUTE_SECONDS) * MINUTE_SECONDS);
  const periods = Math.max(3, Math.ceil(gap / period) + 1);
  if (period === LONGEST_SECONDS && periods > MOST_PERIODS) return null;
  return {
    AlarmName: `${label}-ticks-stopped`,
    AlarmDescription: 'No tick has run for a while: the schedule is disabled, or its events do not arrive.',
    Namespace: 'AWS/Lambda',
    MetricName: 'Invocations',
    Dimensions: dimensions({ FunctionName: warmer.name }),
    Statistic: 'Sum',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 1,
    Period: period,
    EvaluationPeriods: periods,
    DatapointsToAlarm: periods,
    TreatMissingData: 'breaching', // a function that is not invoked has no data
  };
}

function ofTarget({ label, settings, warmer }, { id, name }) {
  const pings = { Service: label, Function: name };
  return {
    [`${id}IncompleteCoverage`]: {
      AlarmName: `${name}-incomplete-coverage`,
      AlarmDescription:
        "Ticks proved fewer execution environments warm than requested; the warmer's log names the cause.",
      Namespace: settings.metricsNamespace,
      MetricName: metrics.incompleteTick,
      Dimensions: dimensions(pings),
      Statistic: 'Maximum',
      Threshold: 0,
      ...above(periodOf(warmer)),
    },
    // Lambda counts throttled pings too; the warmer knows how many those were.
    [`${id}Throttles`]: {
      AlarmName: `${name}-throttles`,
      AlarmDescription:
        "Lambda throttled users' requests: the concurrency of the function or of the account is used up.",
      Metrics: [
        { Id: 'users', Expression: 'throttles - FILL(pings, 0)', Label: 'throttled requests', ReturnData: true },
        throttles('throttles', 'AWS/Lambda', 'Throttles', { FunctionName: name }),
        throttles('pings', settings.metricsNamespace, metrics.tick.throttled, pings),
      ],
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    },
  };
}

function throttles(id, namespace, name, of) {
  return {
    Id: id,
    MetricStat: {
      Metric: { Namespace: namespace, MetricName: name, Dimensions: dimensions(of) },
      Period: SHORTEST_SECONDS,
      Stat: 'Sum',
    },
    ReturnData: false,
  };
}

/** Two of three periods: what happens once is made up for by the next tick or request. */
function above(period) {
  return {
    ComparisonOperator: 'GreaterThanThreshold',
    Period: period,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 2,
    TreatMissingData: 'notBreaching',
  };
}

/** A period in which there is a tick, so that two bad ticks of three are two periods of three. */
function periodOf(warmer) {
  const gap = warmer?.ticks?.gapSeconds ?? SHORTEST_SECONDS;
  const whole = Math.ceil(gap / MINUTE_SECONDS) * MINUTE_SECONDS;
  return Math.min(LONGEST_SECONDS, Math.max(SHORTEST_SECONDS, whole));
}

function dimensions(values) {
  return Object.entries(values).map(([Name, Value]) => ({ Name, Value }));
}

function actions(topic) {
  const topics = topic ? [topic] : [];
  return { AlarmActions: topics, OKActions: topics };
}

module.exports = { alarms };
