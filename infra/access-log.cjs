'use strict';

// One line of JSON for each response of API Gateway; xrayTraceId identifies the trace.
const fields = {
  requestId: '$context.requestId',
  extendedRequestId: '$context.extendedRequestId',
  xrayTraceId: '$context.xrayTraceId',
  time: '$context.requestTimeEpoch',
  sourceIp: '$context.identity.sourceIp',
  userAgent: '$context.identity.userAgent',
  method: '$context.httpMethod',
  resource: '$context.resourcePath',
  path: '$context.path',
  protocol: '$context.protocol',
  status: '$context.status',
  responseBytes: '$context.responseLength',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
};

// API Gateway quotes this one itself, and escapes what it holds: "Variables for access logging for API Gateway".
const error = '"error":$context.error.messageString';

module.exports.format = `${JSON.stringify(fields).slice(0, -1)},${error}}`;
