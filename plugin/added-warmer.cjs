'use strict';

// The warmer's function, where the service names none of its own. Its package is the plugin's own copy of Pilotlight, so
// that it needs nothing of the service's packaging: it works beside images and whatever packages the other functions.

const fs = require('node:fs');
const path = require('node:path');

const { MOST_FUNCTION_NAME_CHARACTERS, shortened } = require('./names.cjs');
const { askPython } = require('./python.cjs');
const { ADDED_WARMER } = require('./settings.cjs');

const HANDLER = 'pilotlight.warmer.handler';
const RUNTIME = 'python3.13';
const OLDEST_MINOR = 11; // of Python 3, that Pilotlight runs on
const MEMORY_MB = 1024;
const TIMEOUT_SECONDS = 50; // less than a minute, the shortest time between two ticks
const LONGEST_QUEUED_SECONDS = 60;
const MOST_DESCRIPTION_CHARACTERS = 256; // "CreateFunction" in the Lambda API Reference
/** Relative, so that a package may be deployed from another folder than it was made in. */
const ARTIFACT = path.join('.serverless', `${ADDED_WARMER}.zip`);

/** Adds the function to the service, as serverless.yml would have it. */
function addWarmer(service, { label, settings, targets }) {
  const { provider } = service;
  service.functions[ADDED_WARMER] = {
    name: shortened(label, `-${ADDED_WARMER}`, MOST_FUNCTION_NAME_CHARACTERS),
    handler: HANDLER,
    runtime: runtimeOf(service, targets),
    description: describe(targets),
    memorySize: MEMORY_MB,
    timeout: TIMEOUT_SECONDS,
    maximumRetryAttempts: 0, // the next tick is the retry
    maximumEventAge: LONGEST_QUEUED_SECONDS,
    package: { individually: true, artifact: ARTIFACT },
    ...aloof(provider),
    events: [
      {
        schedule: { rate: [settings.rate], enabled: settings.enabled, description: `Ticks of ${label}`.slice(0, 512) },
      },
    ],
  };
}

/** What keeps the provider's settings for the other functions, such as a layer and what it needs, away from it. */
function aloof({ environment, layers, logs, runtimeManagement }) {
  const others = Object.keys(environment ?? {}).filter((name) => !name.startsWith('PILOTLIGHT_'));
  return {
    versionFunction: false, // nobody invokes a version of it
    environment: Object.fromEntries(others.map((name) => [name, null])),
    ...(layers ? { layers: [] } : {}),
    ...(logs?.lambda ? { logs: { logFormat: 'Text' } } : {}),
    ...(runtimeManagement ? { runtimeManagement: 'auto' } : {}),
  };
}

/** The Python that the service has, where Pilotlight runs on it. */
function runtimeOf(service, targets) {
  const found = [service.provider.runtime, ...targets.map(({ key }) => service.getFunction(key).runtime)];
  return found.find((each) => Number(String(each).match(/^python3\.(\d+)$/)?.[1]) >= OLDEST_MINOR) ?? RUNTIME;
}

function describe(targets) {
  const text = `Keeps execution environments warm, and counts them: ${targets.map(({ key }) => key).join(', ')}`;
  return text.length > MOST_DESCRIPTION_CHARACTERS ? `${text.slice(0, MOST_DESCRIPTION_CHARACTERS - 1)}…` : text;
}

/**
 * Writes its package. A plugin may put the service's requirements into every package afterwards, so this runs again
 * before the package is used.
 */
function buildWarmer(serviceDir) {
  const artifact = path.join(serviceDir, ARTIFACT);
  fs.mkdirSync(path.dirname(artifact), { recursive: true });
  askPython(serviceDir, 'warmer_package', { artifact });
}

module.exports = { ARTIFACT, addWarmer, buildWarmer };
