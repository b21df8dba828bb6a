'use strict';

// One line of JSON for each response of API Gateway, whoever made it ("Variables for access logging for API Gateway").
// What has no value is `-`. integrationRequestId is Lambda's id of the invocation, which the function logs too;
// errorType is the type of the gateway response where API Gateway responded, not the function; xrayTraceId identifies
// the trace.
const fields = {
  requestId: '$context.requestId',
  extendedRequestId: '$context.extendedRequestId',
  integrationRequestId: '$context.integration.requestId',
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
  errorType: '$context.error.responseType',
  // Not messageString, which has quotes of its own: without an error it is a bare `-`, and the line no JSON.
  error: '$context.error.message',
};

module.exports.format = JSON.stringify(fields);
