'use strict';

// Which packages `packaging: pilotlight` builds for a service: one for all functions whose package would be the same.

const { localEndpoint } = require('./engine.cjs');

const DEFAULT_ARCHITECTURE = 'x86_64'; // of Lambda

/**
 * Returns a description of each package: `keys` of its functions, their `handlers`, `patterns`, `platform`, a `name` for
 * its file, and whether it is `ofService`: then it is the package of every function that names none.
 *
 * Functions share a package where platform and patterns are the same, individually packaged ones too. For the engine on
 * this machine, which has one Python, all are of one platform. `only` is the key of the one function to package. What is
 * no Python function, and what names its own artifact, is left to the deploy tool.
 */
function packagesOf(service, only = null) {
  const keys = service.getAllFunctions();
  const ours = keys.filter((key) => isPackaged(service, key) && isPython(service, key));
  const others = keys.filter((key) => isPackaged(service, key) && !isPython(service, key));
  const leavesServicePackage = others.some((key) => !isAlone(service, key));
  const found = new Map();
  for (const key of ours.filter((each) => only === null || each === only)) {
    const contents = contentsOf(service, key);
    const id = JSON.stringify(contents);
    const before = found.get(id) ?? { ...contents, keys: [], handlers: [], isShared: false };
    found.set(id, {
      ...before,
      keys: [...before.keys, key],
      handlers: [...before.handlers, service.getFunction(key).handler],
      isShared: before.isShared || !isAlone(service, key),
    });
  }
  return named([...found.values()], service, leavesServicePackage);
}

/** Where a function runs. */
function platformOf(provider, { runtime, architecture }) {
  return {
    runtime: runtime ?? provider.runtime ?? '',
    architecture: architecture ?? provider.architecture ?? DEFAULT_ARCHITECTURE,
  };
}

function isPackaged(service, key) {
  const { handler, package: own } = service.getFunction(key);
  const named = own?.artifact ?? (isAlone(service, key) ? null : service.package.artifact);
  return Boolean(handler) && !named && !own?.disable;
}

function isPython(service, key) {
  return platformOf(service.provider, service.getFunction(key)).runtime.startsWith('python');
}

function isAlone(service, key) {
  return Boolean(service.getFunction(key).package?.individually ?? service.package.individually);
}

/** What makes a package the same as another. The deploy tool, too, ignores a function's patterns without `individually`. */
function contentsOf(service, key) {
  const each = service.getFunction(key);
  const own = (isAlone(service, key) && each.package?.patterns) || [];
  return {
    platform: localEndpoint() ? null : platformOf(service.provider, each),
    patterns: [...(service.package.patterns ?? []), ...own],
  };
}

/**
 * Names each package's file as the deploy tool would: the service's, or a function's own. `leavesServicePackage`: the
 * deploy tool makes a package by the service's name itself, for functions that are not Python.
 */
function named(packages, service, leavesServicePackage) {
  const home = JSON.stringify(localEndpoint() ? null : platformOf(service.provider, {}));
  const taken = new Set(leavesServicePackage ? [service.service] : []);
  return packages
    .toSorted((one, other) => other.isShared - one.isShared)
    .map((each) => {
      const ofService = each.isShared && JSON.stringify(each.platform) === home && !leavesServicePackage;
      const ofSome = each.isShared ? ofPlatform(service, each.platform) : each.keys[0];
      const wanted = ofService ? service.service : ofSome;
      const name = taken.has(wanted) ? `${wanted}-function` : wanted;
      taken.add(name);
      return { ...each, ofService, name };
    });
}

function ofPlatform({ service }, platform) {
  return platform ? `${service}-${platform.runtime}-${platform.architecture}` : `${service}-python`;
}

module.exports = { packagesOf, platformOf };
