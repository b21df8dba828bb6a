'use strict';

// A service as the plugin's resources need it, read from the deploy tool's own objects: no name is put together here
// that the deploy tool has.

const { frontDoorsOf } = require('./front-doors.cjs');
const { LATEST, aliasOf } = require('./qualifiers.cjs');
const { expressionsOf, gapSeconds } = require('./schedule.cjs');
const { ADDED_WARMER, isActive, settingsOf } = require('./settings.cjs');

const DEFAULT_TIMEOUT_SECONDS = 6; // of osls, for a function without `timeout`

/**
 * Describes a service:
 *
 * - `label`: the service with its stage, by which records, groups and metrics name it;
 * - `stage`, `region`, `settings`, and `api`, the name of its REST API, null where it has none;
 * - `frontDoors`: what takes its users' requests, and counts them;
 * - `warmer`: the scheduled function, null where there is none; its `ticks` are null where no schedule is enabled;
 * - `targets`: the functions that it keeps warm; `functions` are all others that it could.
 */
function describeService(serverless) {
  const { service } = serverless;
  const provider = serverless.getProvider('aws');
  const settings = settingsOf(service);
  const has = (key) => service.getAllFunctions().includes(key);
  const keys = (Array.isArray(settings.targets) ? settings.targets : []).filter((each) => has(each?.function));
  const warmer = isActive(settings) ? (settings.warmer ?? ADDED_WARMER) : null;
  return {
    label: `${service.service}-${provider.getStage()}`,
    stage: provider.getStage(),
    region: provider.getRegion(),
    api: hasHttp(service) ? provider.naming.getApiGatewayName() : null,
    frontDoors: frontDoorsOf(service, provider),
    settings,
    warmer: has(warmer) ? describeWarmer(service, provider, warmer) : null,
    targets: keys.map(({ function: key, alias }) => describeTarget(service, provider, key, alias)),
    functions: service.getAllFunctions().filter((key) => key !== warmer),
  };
}

function describeFunction(service, { naming }, key) {
  const { name, timeout } = service.getFunction(key);
  return {
    key,
    name,
    id: naming.getNormalizedFunctionName(key),
    logicalId: naming.getLambdaLogicalId(key),
    logGroup: logGroupOf(service, key) ?? naming.getLogGroupName(name),
    timeout: timeout ?? service.provider.timeout ?? DEFAULT_TIMEOUT_SECONDS,
  };
}

/** The log group that a function names, null where it has its own; a reference is not known here. */
function logGroupOf(service, key) {
  const { logGroup } = service.getFunction(key).logs ?? service.provider.logs?.lambda ?? {};
  return typeof logGroup === 'string' ? logGroup : null;
}

/** `alias` is that of the target where it names one, or else the one that osls gives the function; null for none. */
function describeTarget(service, provider, key, named) {
  const own = aliasOf(service.getFunction(key), provider.naming);
  const alias = named === LATEST ? null : (named ?? own);
  return { ...describeFunction(service, provider, key), alias };
}

/** `ticks` has the schedule's `expressions`, and `gapSeconds` between two of them, null where that is not known. */
function describeWarmer(service, provider, key) {
  const expressions = expressionsOf(service.getFunction(key));
  const gaps = expressions.map(gapSeconds);
  const gap = gaps.length && !gaps.includes(null) ? Math.min(...gaps) : null;
  const ticks = expressions.length ? { expressions, gapSeconds: gap } : null;
  return { ...describeFunction(service, provider, key), ticks };
}

/** Whether the stack makes a REST API: one that is shared by `restApiId` is another stack's. */
function hasHttp(service) {
  if (service.provider.apiGateway?.restApiId) return false;
  return service.getAllFunctions().some((key) => (service.getFunction(key).events ?? []).some(({ http }) => http));
}

/** The names of the service's plugins, as serverless.yml lists them. */
function pluginsOf({ plugins }) {
  return Array.isArray(plugins) ? plugins : (plugins?.modules ?? []);
}

module.exports = { describeService, pluginsOf };
