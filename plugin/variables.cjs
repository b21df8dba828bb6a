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

/** Tells functions which build they are, by key: packages of our own builder hold that themselves. */
function setBuilds(service, builds) {
  for (const [key, build] of Object.entries(builds)) {
    const each = service.getFunction(key);
    each.environment = { PILOTLIGHT_BUILD: build, ...each.environment };
  }
}

/** Tells the warmer which build each target has to be of; without one it is that of the warmer's own package, or any. */
function expectBuilds(service, { targets, warmer }, builds) {
  const { environment } = service.getFunction(warmer.key);
  if (typeof environment.PILOTLIGHT_TARGETS !== 'string') return;
  const listed = JSON.parse(environment.PILOTLIGHT_TARGETS);
  if (listed.length !== targets.length) return; // a list of the service's own
  const withBuild = (target, build) => (build ? { ...target, build } : target);
  environment.PILOTLIGHT_TARGETS = JSON.stringify(
    listed.map((target, index) => withBuild(target, builds[targets[index].key])),
  );
}

module.exports = { expectBuilds, setBuilds, setVariables };
