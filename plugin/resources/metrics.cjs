'use strict';

// The metrics that Pilotlight's own code emits, as entries of a dashboard's graphs, and the colours of what they mean.

const COLORS = { bad: '#d62728', good: '#2ca02c', p50: '#1f77b4', p95: '#ff7f0e', p99: '#d62728', other: '#7f7f7f' };
const FURTHER_COLORS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f', '#17becf'];

/** A metric of one function: each is kept under the service and the function, and under nothing else. */
function own({ label, settings }, { name }, metric, options) {
  return [settings.metricsNamespace, metric, 'Service', label, 'Function', name, options];
}

/** The options of what only an expression uses. */
function hidden(id) {
  return { id, stat: 'Sum', visible: false };
}

module.exports = { COLORS, FURTHER_COLORS, hidden, own };
