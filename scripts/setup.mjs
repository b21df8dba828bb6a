// Installs what a command needs, if it is missing, then runs the command after `--`:
//
//   node scripts/setup.mjs --for run -- python -m pilotlight_tools.local start
//
// `--for run` installs what running needs; `--for dev`, the default, adds what checks, tests and benches need.
// package.json uses `exec node …` because npm sends SIGTERM to its shell, which would not pass it on.
// It runs before node_modules exists, so it and its modules import Node's own modules only.

import { UsageError } from './setup/errors.mjs';
import { withLock } from './setup/lock.mjs';
import { main } from './setup/main.mjs';
import { installNodePackages, isNodeReady } from './setup/node.mjs';
import { requireNode } from './setup/project.mjs';
import { installPythonPackages, isPythonReady } from './setup/python.mjs';
import { run } from './setup/run.mjs';

const groups = ['run', 'dev'];

await main(async () => {
  const { group, command } = parse(process.argv.slice(2));
  requireNode();
  if (missing(group).length) {
    await withLock(async () => {
      for (const install of missing(group)) await install(group);
    });
  }
  if (command.length) await run(command);
});

function parse(args) {
  const end = args.indexOf('--');
  const [options, command] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  if (!options.length) return { group: 'dev', command };
  const [name, group, ...rest] = options;
  if (name !== '--for' || !groups.includes(group) || rest.length) {
    throw new UsageError(`unknown arguments: ${options.join(' ')}. Usage: setup.mjs [--for run|dev] [-- command …]`);
  }
  return { group, command };
}

/** Returns the installs still to do; empty when both stamps are current. */
function missing(group) {
  return [
    ...(isNodeReady(group) ? [] : [installNodePackages]),
    ...(isPythonReady(group) ? [] : [installPythonPackages]),
  ];
}
