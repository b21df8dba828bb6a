'use strict';

// custom.pilotlight.targets of serverless.yml in the two forms it is needed in: what the warmer reads, and the ARNs
// that its role allows. One list, so that the warmer can invoke exactly what it is told to.

const { spawnSync } = require('node:child_process');

const { findPython, pythonEnvironment, NO_PYTHON } = require('./python.cjs');

const checked = new Map();

async function targets({ resolveConfigurationProperty }) {
  const listed = await resolveConfigurationProperty(['custom', 'pilotlight', 'targets']);
  const service = await resolveConfigurationProperty(['provider', 'apiName']);
  const names = {};
  for (const { function: key } of Array.isArray(listed) ? listed : []) {
    if (typeof key !== 'string') continue;
    // Only these two: to ask for the whole of `functions` would be to ask for what is being worked out here.
    const handler = await resolveConfigurationProperty(['functions', key, 'handler']);
    if (handler) names[key] = (await resolveConfigurationProperty(['functions', key, 'name'])) ?? `${service}-${key}`;
  }
  return check(listed ?? null, names);
}

/** The same checks as the warmer's own, in Python: pilotlight/warming/targets.py. */
function check(listed, names) {
  const input = JSON.stringify({ targets: listed, names });
  if (!checked.has(input)) {
    const folder = process.cwd(); // osls runs in the service's folder
    const python = findPython(folder);
    if (!python) throw mistake(NO_PYTHON);
    const answer = spawnSync(python, ['-m', 'pilotlight_build.resolve_targets'], {
      cwd: folder,
      env: pythonEnvironment(),
      input,
      encoding: 'utf8',
    });
    if (answer.status !== 0) throw mistake(answer.stderr.trim());
    checked.set(input, JSON.parse(answer.stdout));
  }
  return checked.get(input);
}

/** An error of the configuration: osls would print the stack, which tells its user nothing. */
function mistake(message) {
  return Object.assign(new Error(message), { name: '', stack: '' });
}

module.exports.environment = async (variables) => JSON.stringify(await targets(variables));

module.exports.arns = async (variables) => (await targets(variables)).map(({ function: name }) => arn(name));

/** What the warmer asks before it pings: the function itself, without the alias that it invokes. */
module.exports.functionArns = async (variables) =>
  (await targets(variables)).map(({ function: name }) => arn(name.split(':')[0]));

function arn(name) {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:${name}` };
}
