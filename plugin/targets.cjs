'use strict';

// custom.pilotlight.targets of serverless.yml in two forms: the list that the warmer reads, and the ARNs that its role
// allows. Both come from one list, so that the warmer may invoke exactly its targets.

const { spawnSync } = require('node:child_process');

const { findPython, pythonEnvironment, NO_PYTHON } = require('./python.cjs');

const DEFAULT_TIMEOUT_SECONDS = 6; // of osls, for a function without `timeout`

const checked = new Map();

async function targets({ resolveConfigurationProperty }) {
  const listed = await resolveConfigurationProperty(['custom', 'pilotlight', 'targets']);
  const service = await resolveConfigurationProperty(['provider', 'apiName']);
  const shared = await resolveConfigurationProperty(['provider', 'timeout']);
  const names = {};
  const timeouts = {};
  for (const { function: key } of Array.isArray(listed) ? listed : []) {
    if (typeof key !== 'string') continue;
    // Only these properties: resolving all of `functions` would resolve these targets again.
    const property = (name) => resolveConfigurationProperty(['functions', key, name]);
    if (!(await property('handler'))) continue;
    names[key] = (await property('name')) ?? `${service}-${key}`;
    timeouts[key] = (await property('timeout')) ?? shared ?? DEFAULT_TIMEOUT_SECONDS;
  }
  return check({ targets: listed ?? null, names, timeouts });
}

/** Runs the same checks as the warmer, in Python: pilotlight/warming/targets.py. */
function check(request) {
  const input = JSON.stringify(request);
  if (!checked.has(input)) {
    const folder = process.cwd(); // osls runs in the service's folder
    const python = findPython(folder);
    if (!python) throw configurationError(NO_PYTHON);
    const result = spawnSync(python, ['-m', 'pilotlight_build.resolve_targets'], {
      cwd: folder,
      env: pythonEnvironment(),
      input,
      encoding: 'utf8',
    });
    if (result.status !== 0) throw configurationError(result.stderr.trim());
    checked.set(input, JSON.parse(result.stdout));
  }
  return checked.get(input);
}

/** Returns an error without the stack, which osls would print and which does not help its user. */
function configurationError(message) {
  return Object.assign(new Error(message), { name: '', stack: '' });
}

module.exports.environment = async (variables) => JSON.stringify(await targets(variables));

module.exports.arns = async (variables) => (await targets(variables)).map(({ function: name }) => arn(name));

/** The functions whose concurrency the warmer reads before it pings, without the aliases that it invokes. */
module.exports.functionArns = async (variables) =>
  (await targets(variables)).map(({ function: name }) => arn(name.split(':')[0]));

function arn(name) {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:${name}` };
}
