'use strict';

// The finished packages of the targets: whether they hold Pilotlight, in a release that fits, and handlers that answer.

const path = require('node:path');

const { REDIRECTED } = require('./elsewhere.cjs');
const { askPython } = require('./python.cjs');
const { isLean } = require('./runtime-client.cjs');
const { pluginsOf } = require('./service.cjs');
const { PYTHON_REQUIREMENTS } = require('./settings.cjs');

/**
 * Returns `errors` and `warnings` about the packages of the targets, and their `builds`, from one look into each. `only`
 * is the key of the function that is packaged alone: the packages of the others are then those of an earlier command.
 */
function inspectArtifacts(serverless, { settings, targets }, only) {
  const { service, serviceDir } = serverless;
  const { naming } = serverless.getProvider('aws');
  const packaged = targets.filter(({ key }) => only === null || key === only);
  const zipped = packaged.filter(({ key }) => service.getFunction(key).handler); // no images
  const inspected = zipped
    .map(({ key }) => describe(service, naming, key, only))
    .filter(({ artifact }) => isFile(artifact));
  if (!inspected.length) return { errors: [], warnings: [], builds: {} };
  return askPython(serviceDir, 'artifacts', {
    targets: inspected.map((each) => ({
      ...each,
      lean: isLean(settings),
      artifact: path.resolve(serviceDir, each.artifact),
    })),
    installs: settings.packaging === 'pilotlight' || pluginsOf(service).includes(PYTHON_REQUIREMENTS),
  });
}

function describe(service, naming, key, only) {
  const each = service.getFunction(key);
  return {
    key,
    artifact: artifactOf(service, naming, key, only),
    handler: each.handler,
    redirected: REDIRECTED in { ...service.provider.environment, ...each.environment },
    layers: Boolean((each.layers ?? service.provider.layers ?? []).length),
  };
}

/** Where the deploy tool finds a function's package (osls, compile/functions.js and deploy-function.js). */
function artifactOf(service, naming, key, only) {
  const own = service.getFunction(key).package ?? {};
  if (own.artifact) return own.artifact;
  if (service.package.artifact && !service.artifact) return service.package.artifact;
  const individually = only === key || service.package.individually || own.individually;
  return path.join('.serverless', individually ? naming.getFunctionArtifactName(key) : naming.getServiceArtifactName());
}

/** A package may be in S3 instead. */
function isFile(artifact) {
  return !/^(s3|https):\/\//.test(artifact);
}

module.exports = { inspectArtifacts };
