'use strict';

// `runtimeClient: lean`: targets start by the bootstrap of pilotlight/runtime/, which is in their packages then alone.

const WRAPPER = 'AWS_LAMBDA_EXEC_WRAPPER';
const BOOTSTRAP = '/var/task/pilotlight/runtime/bootstrap';
/** Patterns of what a package without it leaves out. */
const UNUSED = ['!pilotlight/runtime/**'];

/** Gives the targets their wrapper, where it is asked for. Returns what stands against it, or null. */
function setWrapper(service, { settings, targets }) {
  if (!isLean(settings)) return null;
  const functions = targets.map(({ key }) => [key, service.getFunction(key)]);
  for (const [key, { handler, environment }] of functions) {
    if (!handler)
      return `\`runtimeClient: lean\` is for functions that are deployed as zips, and ${key} is an image. ${WITHOUT}`;
    const other = { ...service.provider.environment, ...environment }[WRAPPER];
    if (other !== undefined && other !== BOOTSTRAP) return taken(key, other);
  }
  for (const [, each] of functions) each.environment = { ...each.environment, [WRAPPER]: BOOTSTRAP };
  return null;
}

/** Says which target another plugin has given a wrapper in the meantime, or null. */
function replacedWrapper(resources, { settings, targets }) {
  if (!isLean(settings)) return null;
  for (const { key, logicalId } of targets) {
    const { [WRAPPER]: found } = resources[logicalId]?.Properties?.Environment?.Variables ?? {};
    if (resources[logicalId] && found !== BOOTSTRAP) return taken(key, found);
  }
  return null;
}

function isLean({ runtimeClient }) {
  return runtimeClient === 'lean';
}

const WITHOUT = 'Remove `runtimeClient`.';

function taken(key, other) {
  const what = typeof other === 'string' ? other : JSON.stringify(other);
  return (
    `${key} has the wrapper ${what} in ${WRAPPER}, as ADOT and Lumigo set one, and a function has one wrapper only: ` +
    `\`runtimeClient: lean\` would be a second. Remove one of the two.`
  );
}

module.exports = { BOOTSTRAP, UNUSED, WRAPPER, isLean, replacedWrapper, setWrapper };
