'use strict';

// The CloudWatch dashboard of a service, in the order in which it is asked: what users met, what the warmer did, and
// last what Lambda says, whose own metrics count pings among the requests.

const ofTarget = require('./target-graphs.cjs');
const ofUsers = require('./user-graphs.cjs');
const { alarms, heading, placed, row, section, text } = require('./widgets.cjs');
const { filtersOf } = require('./x-ray.cjs');

const TIME_RANGE = 'PT6H'; // the longest that a link to X-Ray takes: "Console deep linking" in the X-Ray Developer Guide

/** The dashboard as a resource; `alarmNames` are those of the service's alarms. */
function dashboard(service, targets, alarmNames) {
  if (!service.settings.observability) return {};
  const ofEach = (graph) =>
    targets.map((target) => graph(service, target, targets.length > 1 ? ` (${target.key})` : ''));
  const rows = [
    row(3, [text(header(service, targets))]),
    ...users(service),
    heading('The warmer, and what its targets met'),
    ...section(6, [ofTarget.starts, ofTarget.waitedInits, ofTarget.coverage, ofTarget.pings].map(ofEach)),
    heading("Behind it: Lambda's own metrics, which count pings too, and X-Ray's sample"),
    ...section(6, [
      ...[ofTarget.concurrency, ofTarget.throttlesAndErrors].map(ofEach),
      ofUsers.timesInFunctions(service),
      [ofUsers.traced(service)],
    ]),
    row(2, [alarms(alarmNames)]),
  ];
  // The body's only variables are the region, partition and account of the deployment, and the id of an HTTP API.
  const body = JSON.stringify({ start: `-${TIME_RANGE}`, periodOverride: 'inherit', widgets: placed(rows) });
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: { DashboardName: service.label, DashboardBody: { 'Fn::Sub': body } },
    },
  };
}

/** Only where a front door of this stack counts the requests. */
function users(service) {
  if (!service.frontDoors.length) return [];
  return [
    heading('Users: every request, and no ping'),
    ...section(6, [
      [ofUsers.coldStartRate(service)],
      ...[ofUsers.latencies, ofUsers.requests, ofUsers.errors].map((graphs) => graphs(service)),
    ]),
  ];
}

function header({ label, stage, frontDoors }, targets) {
  const host = 'https://${AWS::Region}.console.aws.amazon.com';
  const xray = `${host}/xray/home?region=\${AWS::Region}#`;
  const traces = (filter) => `${xray}/traces?timeRange=${TIME_RANGE}&filter=${encodeURIComponent(filter)}`;
  const filters = filtersOf(label);
  const log = ({ key, logGroup }) =>
    `[Log of ${key}](${host}/cloudwatch/home?region=\${AWS::Region}#logsV2:log-groups/log-group/${logGroup.replaceAll('/', '$252F')})`;
  const links = [
    `[Traces of all requests](${traces(filters.all)})`,
    `[of cold ones](${traces(filters.cold)})`,
    `[of the others](${traces(filters.warm)})`,
    `[Trace map](${xray}/service-map?timeRange=${TIME_RANGE})`,
    ...targets.map(log),
  ];
  const uncounted = frontDoors.length
    ? ''
    : ' No API or function URL of this stack counts the requests, so no rate can be shown.';
  return [
    `## ${label}`,
    `What cold starts cost the users, and what the warmer does about it.${uncounted} Metrics count every request; X-Ray ` +
      `traces a sample. \`npm run latency -- --stage ${stage}\` has the verdict.`,
    `${links.join(' · ')} · links to X-Ray show the last 6 hours, as this dashboard does when it opens`,
  ].join('\n\n');
}

module.exports = { dashboard };
