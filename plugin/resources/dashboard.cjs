'use strict';

// The CloudWatch dashboard of a service: a grid of 24 columns. It shows what cold starts do to users, what requests
// cost, and how the warmer performs: rows of the API, then rows of each target.

const { metrics } = require('../vocabulary.json');
const { filter, groupNames } = require('./x-ray.cjs');

const PERIOD_SECONDS = 300; // one tick
const COLORS = { bad: '#d62728', good: '#2ca02c', p50: '#1f77b4', p95: '#ff7f0e', p99: '#d62728', other: '#7f7f7f' };

/** The dashboard as a resource; `alarmNames` are those of the service's alarms. */
function dashboard(service, targets, alarmNames) {
  if (!service.settings.observability) return {};
  const of = (target) => (targets.length > 1 ? ` (${target.key})` : '');
  const rows = [
    [3, text(header(service, targets))],
    ...(service.api ? rowsOfApi(service, targets) : []),
    ...targets.flatMap((target) => rowsOfTarget(service, target, of(target))),
    [2, alarms(alarmNames)],
  ];
  // The body's only variables are the region, partition and account of the deployment.
  const body = JSON.stringify({ start: '-PT6H', periodOverride: 'inherit', widgets: placed(rows) });
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: { DashboardName: service.label, DashboardBody: { 'Fn::Sub': body } },
    },
  };
}

function rowsOfApi(service, targets) {
  const gateway = (metric, label, options) => [
    'AWS/ApiGateway',
    metric,
    ...['ApiName', service.api, 'Stage', service.stage],
    { label, ...options },
  ];
  const percentiles = (metric) =>
    ['p50', 'p95', 'p99'].map((stat) => gateway(metric, stat, { stat, color: COLORS[stat] }));
  return [
    [
      6,
      graph('Cold-start rate', '% of user requests', coldStartRate(service, targets, gateway)),
      graph('Response time at API Gateway', 'ms', percentiles('Latency')),
      graph("Users' time in the functions, at API Gateway", 'ms', percentiles('IntegrationLatency')),
    ],
    [
      6,
      graph(
        'Requests and errors',
        'count',
        [
          gateway('Count', 'requests', { color: COLORS.p50 }),
          gateway('5XXError', '5xx responses', { color: COLORS.bad }),
          gateway('4XXError', '4xx responses', { color: COLORS.other }),
        ],
        { stat: 'Sum' },
      ),
    ],
  ];
}

function coldStartRate({ label, settings }, targets, gateway) {
  const groups = groupNames(label);
  const traces = (group, id) => ['AWS/X-Ray', 'ApproximateTraceCount', 'GroupName', group, hidden(id)];
  const starts = targets.map((target, index) => [
    ...metricOf(settings, label, target, metrics.starts.cold),
    { label: `cold starts of ${target.key}`, ...hidden(`starts${index}`) },
  ]);
  const traced = '100 * FILL(cold, 0) / (FILL(cold, 0) + FILL(warm, 0))';
  const shown = [
    [{ expression: traced, id: 'traced', label: 'of traced requests', color: COLORS.p50 }],
    traces(groups.cold, 'cold'),
    traces(groups.warm, 'warm'),
  ];
  if (!targets.length) return shown;
  const all = `100 * (${starts.map((_, index) => `FILL(starts${index}, 0)`).join(' + ')}) / requests`;
  return [
    ...shown,
    [{ expression: all, id: 'all', label: 'of all requests', color: COLORS.bad }],
    ...starts,
    gateway('Count', 'requests', hidden('requests')),
  ];
}

function rowsOfTarget({ label, settings }, target, of) {
  const own = (metric, name, options) => [...metricOf(settings, label, target, metric), { label: name, ...options }];
  const lambda = (metric, name, options) => [
    'AWS/Lambda',
    metric,
    ...['FunctionName', target.name],
    { label: name, ...options },
  ];
  return [
    [
      6,
      graph(
        `Requests without a warm environment${of}`,
        'count',
        [
          own(metrics.starts.cold, 'cold: waited for the init', { color: COLORS.bad }),
          own(metrics.starts.proactive, 'proactive: initialised ahead', { color: COLORS.good }),
          own(metrics.starts.provisioned, 'provisioned', { color: COLORS.p50 }),
          own(metrics.starts.restored, 'restored', { color: COLORS.p95 }),
        ],
        { stat: 'Sum', stacked: true },
      ),
      graph(
        `Coverage of ticks${of}`,
        '% of requested environments',
        [own(metrics.coverage, 'lowest tick', { stat: 'Minimum', color: COLORS.good })],
        { max: 100, lines: [{ label: 'every environment warm', value: 100, color: COLORS.good }] },
      ),
      query(`Init duration${of} (ms, REPORT lines)`, target.logGroup, [
        'filter @type = "REPORT" and ispresent(@initDuration)',
        'stats pct(@initDuration, 50) as p50, pct(@initDuration, 95) as p95, max(@initDuration) as longest by bin(5m)',
      ]),
    ],
    [
      6,
      graph(
        `Pings${of}`,
        'count',
        [
          own(metrics.tick.cold, 'created an environment', { color: COLORS.p50 }),
          own(metrics.tick.failed, 'failed', { color: COLORS.bad }),
          own(metrics.tick.throttled, 'throttled', { color: COLORS.p95 }),
          own(metrics.incompleteTick, 'incomplete ticks', { color: COLORS.other }),
        ],
        { stat: 'Sum' },
      ),
      graph(`Throttles and errors${of}`, 'count', throttlesAndErrors(own, lambda), { stat: 'Sum' }),
      graph(`Concurrency${of}`, 'execution environments', [
        lambda('ConcurrentExecutions', 'concurrent, including pings', { stat: 'Maximum', color: COLORS.p50 }),
        own(metrics.tick.unique, 'proved warm by a tick', { stat: 'Maximum', color: COLORS.good }),
      ]),
    ],
  ];
}

/** Lambda counts pings among the rest; the warmer's own count takes its throttled pings out. */
function throttlesAndErrors(own, lambda) {
  return [
    [
      {
        expression: 'FILL(throttles, 0) - FILL(pings, 0)',
        id: 'users',
        label: "throttled users' requests",
        color: COLORS.p95,
      },
    ],
    lambda('Throttles', 'throttles', hidden('throttles')),
    own(metrics.tick.throttled, 'throttled pings', hidden('pings')),
    lambda('Errors', 'function errors, including pings', { color: COLORS.bad }),
  ];
}

function metricOf(settings, label, target, metric) {
  return [settings.metricsNamespace, metric, 'Service', label, 'Function', target.name];
}

function hidden(id) {
  return { id, stat: 'Sum', visible: false };
}

function placed(rows) {
  const widgets = [];
  let y = 0;
  for (const [height, ...row] of rows) {
    row.forEach((widget, index) => {
      const width = 24 / row.length;
      widgets.push({ ...widget, x: index * width, y, width, height });
    });
    y += height;
  }
  return widgets;
}

function header({ label, stage }, targets) {
  const console_ = 'https://${AWS::Region}.console.aws.amazon.com';
  // "Deep linking" in the X-Ray Developer Guide.
  const traces = (coldStart) =>
    `${console_}/xray/home?region=\${AWS::Region}#/traces?filter=${encodeURIComponent(filter(label, coldStart))}`;
  const log = ({ key, logGroup }) =>
    `[Log of ${key}](${console_}/cloudwatch/home?region=\${AWS::Region}#logsV2:log-groups/log-group/${logGroup.replaceAll('/', '$252F')})`;
  const links = [
    `[Traces of cold requests](${traces(true)})`,
    `[Traces of warm requests](${traces(false)})`,
    `[Trace map](${console_}/cloudwatch/home?region=\${AWS::Region}#xray:service-map/map)`,
    ...targets.map(log),
  ];
  return [
    `## ${label}`,
    'What cold starts cost the users, and what the warmer does about it. Metrics count every request; X-Ray traces a sample. ' +
      `\`npm run latency -- --stage ${stage}\` compares the two in full.`,
    links.join(' · '),
  ].join('\n\n');
}

function text(markdown) {
  return { type: 'text', properties: { markdown } };
}

function graph(title, label, shown, { stat = 'Average', stacked = false, max, lines } = {}) {
  return {
    type: 'metric',
    properties: {
      title,
      view: 'timeSeries',
      stacked,
      stat,
      metrics: shown,
      period: PERIOD_SECONDS,
      region: '${AWS::Region}',
      yAxis: { left: { label, min: 0, ...(max ? { max } : {}), showUnits: false } },
      ...(lines ? { annotations: { horizontal: lines } } : {}),
    },
  };
}

function query(title, logGroup, steps) {
  return {
    type: 'log',
    properties: {
      title,
      view: 'timeSeries',
      stacked: false,
      region: '${AWS::Region}',
      query: [`SOURCE '${logGroup}'`, ...steps].join(' | '),
    },
  };
}

function alarms(alarmNames) {
  const arn = 'arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:';
  return { type: 'alarm', properties: { title: 'Alarms', alarms: alarmNames.map((name) => arn + name) } };
}

module.exports = { dashboard };
