// `npm run new -- ../orders-api`: a service in a folder of its own, which needs nothing of this repository any more.
// `npm run new -- ../orders-api --update`: the newer files of Pilotlight for such a service, and nothing else.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { create } from './new/create.mjs';
import { checkName } from './new/name.mjs';
import { update } from './new/update.mjs';
import { SetupError, UsageError } from './setup/errors.mjs';
import { withLock } from './setup/lock.mjs';
import { main } from './setup/main.mjs';
import { installNodePackages, isNodeReady } from './setup/node.mjs';
import { requireNode, root } from './setup/project.mjs';
import { installPythonPackages, isPythonReady } from './setup/python.mjs';

const usage = 'npm run new -- FOLDER [--name NAME | --update]';
const help = `usage: ${usage}

Write a service of your own into FOLDER: a Python REST API with its warmer, its tests, and Pilotlight in vendor/.

  FOLDER         outside this checkout; new, or empty
  --name NAME    the service's name (default: the folder's): letters, digits and hyphens
  --update       replace Pilotlight's files, vendor/ and tools/, in a service that this command wrote
  --help         show this

Exit codes: 0 success, 1 problem, 2 wrong usage, 130 interrupted.
`;
const options = { name: { type: 'string' }, update: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };

await main(async () => {
  const given = parse(process.argv.slice(2));
  if (given.help) return process.stdout.write(help);
  requireNode();
  // npm runs this in the project's folder, and tells where it was called.
  const folder = path.resolve(process.env.INIT_CWD ?? root, given.folder);
  const name = given.update ? null : checkName(given.name ?? path.basename(folder), { isFolder: !given.name });
  const report = await inWords(() => (given.update ? update(folder, prepared) : create(folder, name, prepared)));
  process.stdout.write(`${report.join('\n')}\n`);
});

function parse(args) {
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (values.help) return values;
    if (positionals.length !== 1) throw new Error(positionals.length ? 'more than one folder' : 'no folder');
    if (values.update && values.name !== undefined) throw new Error('--name does not go with --update');
    return { ...values, folder: positionals[0] };
  } catch (error) {
    throw new UsageError(`${error.message.split('. ')[0]}. Usage: ${usage}`);
  }
}

/** Runs `work` when what it needs is installed, and never twice at once: `npm pack` copies files within plugin/. */
function prepared(work) {
  return withLock(async () => {
    if (!isNodeReady('run')) await installNodePackages('run');
    if (!isPythonReady('run')) await installPythonPackages('run');
    return await work();
  });
}

/** A folder that may not be written, or a full disk, is a problem to report, not a mistake in here. */
async function inWords(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SetupError || !error.syscall) throw error;
    throw new SetupError(error.message);
  }
}
