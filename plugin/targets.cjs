'use strict';

// custom.pilotlight.targets of serverless.yml as the warmer reads them: checked, with the deployed names.

const { spawnSync } = require('node:child_process');

const { findPython, pythonEnvironment, NO_PYTHON } = require('./python.cjs');

/**
 * Returns the list for the warmer, from the same checks that the warmer makes: pilotlight/warming/targets.py. Throws an
 * Error whose message names the key that is wrong.
 */
function resolveTargets({ settings, targets, functions }, folder) {
  const python = findPython(folder);
  if (!python) throw new Error(NO_PYTHON);
  const of = (property) => Object.fromEntries(targets.map((target) => [target.key, target[property]]));
  const result = spawnSync(python, ['-m', 'pilotlight_build.resolve_targets'], {
    cwd: folder,
    env: pythonEnvironment(),
    input: JSON.stringify({
      targets: settings.targets,
      functions,
      names: of('name'),
      timeouts: of('timeout'),
      aliases: of('alias'),
    }),
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(result.stderr.trim());
  return JSON.parse(result.stdout);
}

module.exports = { resolveTargets };
