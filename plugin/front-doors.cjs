'use strict';

// What takes the users' requests and counts them in CloudWatch, pings never among them: a REST API, an HTTP API, and
// function URLs. A load balancer or an API of another stack is not known here.

const REST = {
  // "Amazon API Gateway dimensions and metrics"
  namespace: 'AWS/ApiGateway',
  metrics: {
    requests: 'Count',
    latency: 'Latency',
    inFunctions: 'IntegrationLatency',
    clientErrors: '4XXError',
    serverErrors: '5XXError',
  },
  latencies: ['p50', 'p95', 'p99'],
};
const HTTP = {
  // "Monitor CloudWatch metrics for HTTP APIs in API Gateway"
  ...REST,
  metrics: { ...REST.metrics, clientErrors: '4xx', serverErrors: '5xx' },
};
const FUNCTION_URL = {
  // "Monitoring Lambda function URLs" recommends these two statistics of the latency.
  namespace: 'AWS/Lambda',
  metrics: {
    requests: 'UrlRequestCount',
    latency: 'UrlRequestLatency',
    inFunctions: null,
    clientErrors: 'Url4xxCount',
    serverErrors: 'Url5xxCount',
  },
  latencies: ['Average', 'Maximum'],
};

/**
 * Describes the service's front doors: the `name` and `dimensions` of each, its CloudWatch `namespace` and `metrics`, the
 * statistics of its `latencies`, and the `functions` behind it, each with `key` and `name`.
 */
function frontDoorsOf(service, provider) {
  const keys = service.getAllFunctions();
  const behind = (kind) =>
    keys
      .filter((key) => (service.getFunction(key).events ?? []).some((event) => event[kind]))
      .map((key) => ({ key, name: service.getFunction(key).name }));
  const apis = [
    { ...REST, name: 'API Gateway', functions: behind('http'), find: ofRestApi },
    { ...HTTP, name: 'API Gateway (HTTP API)', functions: behind('httpApi'), find: ofHttpApi },
  ]
    .filter(({ functions }) => functions.length)
    .map(({ find, ...door }) => ({ ...door, dimensions: find(service, provider) }))
    .filter(({ dimensions }) => dimensions);
  const urls = keys
    .filter((key) => service.getFunction(key).url)
    .map((key) => {
      const { name } = service.getFunction(key);
      return { ...FUNCTION_URL, name: `URL of ${key}`, dimensions: ['FunctionName', name], functions: [{ key, name }] };
    });
  return [...apis, ...urls];
}

/** By its name; null for the API of another stack, whose name is not known here. */
function ofRestApi({ provider: settings }, provider) {
  if (settings.apiGateway?.restApiId) return null;
  return ['ApiName', provider.naming.getApiGatewayName(), 'Stage', provider.getStage()];
}

/** By its id, a reference where the stack makes it; null where another stack's id is not known here. */
function ofHttpApi({ provider: settings }, { naming }) {
  const id = settings.httpApi?.id ?? `\${${naming.getHttpApiLogicalId()}}`;
  return typeof id === 'string' ? ['ApiId', id] : null;
}

module.exports = { frontDoorsOf };
