// Newer files of Pilotlight in a service that exists: those that its manifest lists, and no others.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { SetupError } from '../setup/errors.mjs';
import { digestOf } from '../setup/project.mjs';
import { manifestFile, readManifest, tarball, writeVendored } from './vendor.mjs';

const lockFile = 'package-lock.json';

/** Replaces Pilotlight's files in `folder`: all, or none. Returns what to tell. */
export async function update(folder, prepared) {
  const before = readManifest(folder);
  if (!before)
    throw new SetupError(`${folder} is no service that \`npm run new\` wrote: it has no valid ${manifestFile}.`);
  const staging = path.join(folder, `.pilotlight-${process.pid}`);
  const fresh = path.join(staging, 'new');
  try {
    fs.mkdirSync(fresh, { recursive: true });
    await prepared(() => writeVendored(fresh));
    const after = readManifest(fresh);
    const changes = changesBetween(folder, before, after);
    if (!changes.length) return [`Nothing to update: ${folder} has the files of this checkout (${after.version}).`];
    const lock = lockWithTarball(folder, fresh, after.version);
    if (lock) {
      fs.writeFileSync(path.join(fresh, lockFile), lock);
      changes.push({ file: lockFile, mark: '~', note: " (the plugin's entry)" });
    }
    replace(folder, fresh, path.join(staging, 'old'), [...changes, { file: manifestFile, mark: '~' }]);
    return [
      `Updated Pilotlight from ${before.version} to ${after.version}:`,
      ...changes.map(({ mark, file, note = '' }) => `  ${mark} ${file}${note}`),
      'The next npm command installs it.',
    ];
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
  }
}

/** What differs from the fresh files: each change has `file`, `mark` (+, - or ~), and a `note` where it was edited. */
function changesBetween(folder, before, after) {
  const names = [...new Set([...Object.keys(before.files), ...Object.keys(after.files)])].sort();
  return names.flatMap((file) => {
    const here = path.join(folder, file);
    const found = fs.existsSync(here) ? digestOf(here) : undefined;
    const wanted = after.files[file];
    if (found === wanted) return [];
    const isEdited = found !== undefined && found !== before.files[file];
    const mark = wanted === undefined ? '-' : found === undefined ? '+' : '~';
    return [{ file, mark, note: isEdited ? ' (it had been edited here)' : '' }];
  });
}

/** The service's package-lock.json with the plugin's new version and digest, or null where there is nothing to change. */
function lockWithTarball(folder, fresh, version) {
  const file = path.join(folder, lockFile);
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '{}';
  const lock = JSON.parse(text);
  const entry = lock.packages?.['node_modules/serverless-pilotlight'];
  if (entry?.resolved !== `file:${tarball}`) return null;
  const content = fs.readFileSync(path.join(fresh, tarball));
  const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`;
  Object.assign(entry, { version, integrity });
  const changed = `${JSON.stringify(lock, null, 2)}\n`;
  return changed === text ? null : changed;
}

/** Moves old files out and new files in; where one cannot be moved, all go back to where they were. */
function replace(folder, fresh, old, changes) {
  const moved = [];
  const move = (from, to) => {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.renameSync(from, to);
    moved.push([from, to]);
  };
  try {
    for (const { file } of changes) {
      const here = path.join(folder, file);
      if (fs.existsSync(here)) move(here, path.join(old, file));
      if (fs.existsSync(path.join(fresh, file))) move(path.join(fresh, file), here);
    }
  } catch (error) {
    for (const [from, to] of moved.reverse()) fs.renameSync(to, from);
    throw error;
  }
}
