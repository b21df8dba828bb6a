// A stamp records what an installation was made from, one line for each group, so that a second run only compares.

import fs from 'node:fs';
import path from 'node:path';
import { groups } from './packages.mjs';
import { readIfThere } from './project.mjs';

export function isStamped(file, line) {
  return readIfThere(file).split('\n').includes(line);
}

export function writeStamp(file, lines) {
  fs.mkdirSync(path.dirname(file), { recursive: true }); // npm makes no node_modules where there is nothing to install
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
}

/** Returns the groups that an installation for `group` covers: itself and those before it. */
export function groupsIn(group) {
  return groups.slice(0, groups.indexOf(group) + 1);
}
