'use strict';

// The CloudWatch dashboard: a grid of 24 columns, with three widgets in a row. It shows what cold starts do to
// users, what requests cost, and how the warmer performs.

const { filter, names } = require('./observability.cjs');
const { metrics } = require('./vocabulary.json');

const PERIOD_SECONDS = 300; // one tick
const COLORS = { bad: '#d62728', good: '#2ca02c', p50: '#1f77b4', p95: '#ff7f0e', p99: '#d62728' };

async function body(variables) {
  const { service, groups } = await names(variables);
  const stage = await variables.resolveVariable('sls:stage');
  const api = {
    log: `/aws/lambda/${service}-api`,
    lambda: ['FunctionName', `${service}-api`],
    gateway: ['ApiName', service, 'Stage', stage],
  };
  const own = (metric, label, options) => [metrics.namespace, metric, 'Service', service, { label, ...options }];
  const gateway = (metric, label, options) => ['AWS/ApiGateway', metric, ...api.gateway, { label, ...options }];
  const lambda = (metric, label, options) => ['AWS/Lambda', metric, ...api.lambda, { label, ...options }];
  const traces = (group, id) => [
    'AWS/X-Ray',
    'ApproximateTraceCount',
    'GroupName',
    group,
    { id, stat: 'Sum', visible: false },
  ];
  const percentiles = (metric) => ['p50', 'p95', 'p99'].map((stat) => metric(stat, { stat, color: COLORS[stat] }));
  const hidden = (id) => ({ id, stat: 'Sum', visible: false });

  const rows = [
    [3, text(header(service, stage, api.log))],
    [
      6,
      graph(
        'Requests without a warm environment',
        'count',
        [
          own(metrics.starts.cold, 'cold: waited for the init', { color: COLORS.bad }),
          own(metrics.starts.proactive, 'proactive: initialised ahead', { color: COLORS.good }),
          own(metrics.starts.provisioned, 'provisioned', { color: COLORS.p50 }),
          own(metrics.starts.restored, 'restored', { color: COLORS.p95 }),
        ],
        { stat: 'Sum', stacked: true },
      ),
      graph('Cold-start rate', '% of user requests', [
        [
          {
            expression: '100 * FILL(cold, 0) / (FILL(cold, 0) + FILL(warm, 0))',
            id: 'traced',
            label: 'of traced requests',
            color: COLORS.p50,
          },
        ],
        [{ expression: '100 * FILL(starts, 0) / requests', id: 'all', label: 'of all requests', color: COLORS.bad }],
        traces(groups.cold, 'cold'),
        traces(groups.warm, 'warm'),
        own(metrics.starts.cold, 'cold starts', hidden('starts')),
        gateway('Count', 'requests', hidden('requests')),
      ]),
      graph(
        'Coverage of ticks',
        '% of requested environments',
        [own(metrics.coverage, 'lowest tick', { stat: 'Minimum', color: COLORS.good })],
        { max: 100, lines: [{ label: 'every environment warm', value: 100, color: COLORS.good }] },
      ),
    ],
    [
      6,
      graph(
        'Response time at API Gateway',
        'ms',
        percentiles((label, options) => gateway('Latency', label, options)),
      ),
      graph(
        'Duration of the API function',
        'ms',
        percentiles((label, options) => lambda('Duration', label, options)),
      ),
      query('Init duration of the API function (ms, REPORT lines)', api.log, [
        'filter @type = "REPORT" and ispresent(@initDuration)',
        'stats pct(@initDuration, 50) as p50, pct(@initDuration, 95) as p95, max(@initDuration) as longest by bin(5m)',
      ]),
    ],
    [
      6,
      graph(
        'Pings',
        'count',
        [
          own(metrics.tick.cold, 'created an environment', { color: COLORS.p50 }),
          own(metrics.tick.failed, 'failed', { color: COLORS.bad }),
          own(metrics.tick.throttled, 'throttled', { color: COLORS.p95 }),
          own(metrics.incompleteTick, 'incomplete ticks', { color: '#7f7f7f' }),
        ],
        { stat: 'Sum' },
      ),
      graph(
        'Throttles and errors',
        'count',
        [
          lambda('Throttles', 'Lambda throttles', { color: COLORS.p95 }),
          lambda('Errors', 'Lambda errors', { color: '#9467bd' }),
          gateway('5XXError', '5xx responses', { color: COLORS.bad }),
          gateway('4XXError', '4xx responses', { color: '#7f7f7f' }),
        ],
        { stat: 'Sum' },
      ),
      graph('Concurrency', 'execution environments', [
        lambda('ConcurrentExecutions', 'concurrent', { stat: 'Maximum', color: COLORS.p50 }),
        own(metrics.tick.unique, 'proved warm by a tick', { stat: 'Maximum', color: COLORS.good }),
      ]),
    ],
    [2, alarms(['incomplete-coverage', 'warmer-errors', '5xx', 'throttles'].map((name) => `${service}-${name}`))],
  ];
  // The body's only variables are the region, partition and account of the deployment.
  return { 'Fn::Sub': JSON.stringify({ start: '-PT6H', periodOverride: 'inherit', widgets: placed(rows) }) };
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

function header(service, stage, logGroup) {
  const console_ = 'https://${AWS::Region}.console.aws.amazon.com';
  // "Deep linking" in the X-Ray Developer Guide.
  const traces = (coldStart) =>
    `${console_}/xray/home?region=\${AWS::Region}#/traces?filter=${encodeURIComponent(filter(service, coldStart))}`;
  const links = [
    `[Traces of cold requests](${traces(true)})`,
    `[Traces of warm requests](${traces(false)})`,
    `[Trace map](${console_}/cloudwatch/home?region=\${AWS::Region}#xray:service-map/map)`,
    `[Log of the API](${console_}/cloudwatch/home?region=\${AWS::Region}#logsV2:log-groups/log-group/${logGroup.replaceAll('/', '$252F')})`,
  ];
  return [
    `## ${service}`,
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

module.exports = { body };
