// `npm run lock`: writes package-lock.json from package.json, and the requirements files from pyproject.toml's groups.
// It keeps the locked versions; `npm run lock -- --upgrade` takes the newest that the groups allow.
// No file names a registry, so the lock is the same on every machine.

import path from 'node:path';
import { UsageError } from './setup/errors.mjs';
import { withLock } from './setup/lock.mjs';
import { main } from './setup/main.mjs';
import { npm } from './setup/node.mjs';
import { isWindows, requireNode } from './setup/project.mjs';
import { binaries, installPythonPackages, isPythonReady } from './setup/python.mjs';
import { say, step } from './setup/step.mjs';

const uv = path.join(binaries, isWindows ? 'uv.exe' : 'uv');
const compile = [
  ...['pip', 'compile', '--universal', '--python-version', '3.11', '--generate-hashes', '--quiet'],
  ...['--no-emit-index-url', '--no-emit-find-links', '--custom-compile-command', 'npm run lock'],
];
// Each file is constrained by the one above it, so that a package has one version everywhere.
const lockedFiles = [
  { group: 'dev', file: 'requirements-dev.txt' },
  { group: 'run', file: 'requirements-run.txt', within: 'requirements-dev.txt' },
  { group: 'service', file: 'requirements.txt', within: 'requirements-run.txt' },
];

await main(async () => {
  const options = process.argv.slice(2);
  if (options.some((option) => option !== '--upgrade')) {
    throw new UsageError(`unknown arguments: ${options.join(' ')}. Usage: npm run lock [-- --upgrade]`);
  }
  requireNode();
  await withLock(async () => {
    if (!isPythonReady('dev')) await installPythonPackages('dev');
    await step(
      'package-lock.json',
      npm('install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'),
      {
        shell: isWindows,
      },
    );
    for (const { group, file, within } of lockedFiles) {
      const limits = within ? ['--constraints', within] : [];
      await step(file, [
        uv,
        ...compile,
        ...options,
        '--group',
        `pyproject.toml:${group}`,
        ...limits,
        '--output-file',
        file,
      ]);
    }
  });
  say('locked. The next command installs what changed.');
});
