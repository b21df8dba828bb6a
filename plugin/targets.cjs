'use strict';

// custom.pilotlight.targets of serverless.yml as the warmer reads them: checked, with the deployed names.

const { askPython } = require('./python.cjs');

/**
 * Returns the list for the warmer, from the same checks that the warmer makes: pilotlight/warming/targets.py. Throws an
 * Error whose message names the key that is wrong.
 */
function resolveTargets({ settings, targets, functions }, folder) {
  const of = (property) => Object.fromEntries(targets.map((target) => [target.key, target[property]]));
  return askPython(folder, 'resolve_targets', {
    targets: settings.targets,
    functions,
    names: of('name'),
    timeouts: of('timeout'),
    aliases: of('alias'),
  });
}

module.exports = { resolveTargets };
