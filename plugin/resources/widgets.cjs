'use strict';

// The widgets of a dashboard, and their places on its grid of 24 columns: "Dashboard Body Structure and Syntax" in the
// CloudWatch API Reference.

const PERIOD_SECONDS = 300; // one tick
const COLUMNS = 24;
const MOST_IN_A_ROW = 3; // of one graph for several targets

/** A row of widgets, all as high as the first element says, in units of the grid. */
function row(height, widgets) {
  return { height, widgets };
}

/**
 * The rows of a section. `kinds` has a list for each kind of graph: one graph for each target, or one for the service.
 * Several of a kind stand side by side, so that two targets are compared at a glance; single ones share a row.
 */
function section(height, kinds) {
  const rows = [];
  let single = null;
  for (const graphs of kinds.filter((some) => some.length)) {
    if (graphs.length > 1) {
      rows.push(...evenRows(graphs).map((some) => row(height, some)));
      single = null;
    } else {
      if (!single) {
        single = row(height, []);
        rows.push(single);
      }
      single.widgets.push(...graphs);
    }
  }
  return rows;
}

/** At most three in a row, and as even as may be: four are two and two. */
function evenRows(widgets) {
  const rows = Math.ceil(widgets.length / MOST_IN_A_ROW);
  return Array.from({ length: rows }, (_, index) =>
    widgets.slice(Math.ceil((widgets.length * index) / rows), Math.ceil((widgets.length * (index + 1)) / rows)),
  );
}

/** The widgets of all rows with their places. */
function placed(rows) {
  const found = [];
  let y = 0;
  for (const { height, widgets } of rows) {
    const width = COLUMNS / widgets.length;
    found.push(...widgets.map((widget, index) => ({ ...widget, x: index * width, y, width, height })));
    y += height;
  }
  return found;
}

function text(markdown) {
  return { type: 'text', properties: { markdown } };
}

function heading(title) {
  return row(1, [{ type: 'text', properties: { markdown: `### ${title}`, background: 'transparent' } }]);
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

module.exports = { alarms, graph, heading, placed, query, row, section, text };
