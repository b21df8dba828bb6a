// Installs what a command needs, if it is missing, then runs the command after `--`:
//
//   node scripts/setup.mjs --for run -- python -m pilotlight_tools.local start
//
// setup/packages.mjs says what can be installed: here `run`, what running needs, and `dev`, which adds what checks, tests
// and benches need. Services that `npm run new` makes have a copy of this file and of setup/.
// package.json uses `exec node …` because npm sends SIGTERM to its shell, which would not pass it on.
// It runs before node_modules exists, so it and its modules import Node's own modules only.

import { UsageError } from './setup/errors.mjs';
import { withLock } from './setup/lock.mjs';
import { main } from './setup/main.mjs';
import { installNodePackages, isNodeReady } from './setup/node.mjs';
import { groups } from './setup/packages.mjs';
import { requireNode } from './setup/project.mjs';
import { installPythonPackages, isPythonReady } from './setup/python.mjs';
import { refuseWhatNpmTook } from './setup/npm-options.mjs';
import { run } from './setup/run.mjs';

await main(async () => {
  const { group, command } = parse(process.argv.slice(2));
  requireNode();
  refuseWhatNpmTook(command);
  if (missing(group).length) {
    await withLock(async () => {
      for (const install of missing(group)) await install(group);
    });
  }
  process.env.PILOTLIGHT_STARTED_BY = String(process.pid); // so that the command can tell if this process is killed
  if (command.length) await run(command);
});

function parse(args) {
  const end = args.indexOf('--');
  const [options, command] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  if (!options.length) return { group: groups.at(-1), command };
  const [name, group, ...rest] = options;
  if (name !== '--for' || !groups.includes(group) || rest.length) {
    const usage = `setup.mjs [--for ${groups.join('|')}] [-- command …]`;
    throw new UsageError(`unknown arguments: ${options.join(' ')}. Usage: ${usage}`);
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
