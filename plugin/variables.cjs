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

module.exports = { setVariables };
