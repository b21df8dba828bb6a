import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { SetupError } from './errors.mjs';

export const root = process.cwd(); // npm runs every script in the project's folder
export const isWindows = process.platform === 'win32';

export function inRoot(...parts) {
  return path.join(root, ...parts);
}

export function digest(file) {
  return digestOf(inRoot(file));
}

export function digestOf(file) {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

/** Returns the text of a file, or '' if there is no such file. */
export function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export function requireNode() {
  const wanted = JSON.parse(fs.readFileSync(inRoot('package.json'), 'utf8'))
    .engines.node.match(/\d+/g)
    .map(Number);
  const running = process.versions.node.split('.').map(Number);
  const difference = wanted.map((part, index) => running[index] - part).find((part) => part !== 0) ?? 0;
  if (difference < 0)
    throw new SetupError(`Node ${wanted.join('.')} or newer is needed; this is ${process.versions.node}.`);
}
