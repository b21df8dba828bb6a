// What the set-up installs, and from which files.

import fs from 'node:fs';
import { SetupError } from './errors.mjs';

const locked = 'vendor/requirements.txt';

/** What can be installed: one group, all that running and testing need. */
export const groups = ['all'];

/** Folders with Python modules beside those of the working directory. */
export const moduleFolders = [];

/** pip's installations, in order: each has a title, the files that it is made from, and pip's options. */
export function pythonInstallations() {
  if (!fs.existsSync(locked)) throw new SetupError(`${locked} is missing: vendor/ belongs to the service, commit it.`);
  const wheels = fs.readdirSync('vendor').filter((name) => name.endsWith('.whl'));
  const paths = wheels.map((name) => `vendor/${name}`);
  const own = ['requirements.txt', 'requirements-dev.txt'].filter((name) => fs.existsSync(name));
  return [
    { title: locked, files: [locked], options: ['--no-deps', '--require-hashes', '-r', locked] },
    // Forced, because another wheel may have the same version.
    { title: 'wheels in vendor/', files: paths, options: ['--no-deps', '--no-index', '--force-reinstall', ...paths] },
    { title: own.join(', '), files: own, options: own.flatMap((name) => ['-r', name]) },
  ].filter(({ files }) => files.length);
}

/** npm's command. */
export function nodeInstallation() {
  return ['ci', '--include=dev']; // also where NODE_ENV is production
}
