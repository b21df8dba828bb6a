'use strict';

// The environment variables by which Pilotlight's records, metrics and traces say whose they are.

/** Returns the variables that settings ask for. */
function variablesOf({ label, settings }) {
  return {
    PILOTLIGHT_SERVICE: label,
    ...(settings.metricsNamespace === 'Pilotlight' ? {} : { PILOTLIGHT_METRICS_NAMESPACE: settings.metricsNamespace }),
    ...(settings.exceptionMessages ? { PILOTLIGHT_EXCEPTION_MESSAGES: 'true' } : {}),
    ...(settings.downstreamTracing ? { PILOTLIGHT_DOWNSTREAM_TRACING: settings.downstreamTracing } : {}),
  };
}

/**
 * Gives the variables to these functions, or to all where our packaging gives all of them Pilotlight. What the service
 * sets itself stays.
 */
function setVariables(service, described, keys) {
  const variables = variablesOf(described);
  if (described.settings.packaging === 'pilotlight') {
    service.provider.environment = { ...variables, ...service.provider.environment };
    return;
  }
  const missing = Object.entries(variables).filter(([name]) => !(name in (service.provider.environment ?? {})));
  for (const key of keys) {
    const each = service.getFunction(key);
    each.environment = { ...Object.fromEntries(missing), ...each.environment };
  }
}

/**
 * Tells each target which build it is, and the warmer which build it has to meet: our own packages hold that themselves.
 * A function that is deployed alone leaves the warmer as it is.
 */
function setBuilds(service, { targets, warmer }, builds, isAlone) {
  for (const { key } of targets) {
    const each = service.getFunction(key);
    if (builds[key]) each.environment = { PILOTLIGHT_BUILD: builds[key], ...each.environment };
  }
  const { environment } = service.getFunction(warmer.key);
  if (isAlone || typeof environment.PILOTLIGHT_TARGETS !== 'string') return;
  const described = targets.map(({ key }) => ({ build: builds[key] }));
  const listed = JSON.parse(environment.PILOTLIGHT_TARGETS);
  if (listed.length !== described.length) return; // a list of the service's own
  environment.PILOTLIGHT_TARGETS = JSON.stringify(
    listed.map((target, index) => (described[index].build ? { ...target, build: described[index].build } : target)),
  );
}

module.exports = { setBuilds, setVariables };
