// Pilotlight's files in a service: vendor/, what a registry would have, and tools/, the set-up. vendor/pilotlight.json
// lists them with their digests, so that an update knows what it may replace.

import fs from 'node:fs';
import path from 'node:path';
import { digestOf, inRoot } from '../setup/project.mjs';
import { venvPython } from '../setup/python.mjs';
import { step } from '../setup/step.mjs';
import { lockedFor, namesInGroup } from './locked.mjs';

export const manifestFile = 'vendor/pilotlight.json';
export const tarball = 'vendor/serverless-pilotlight.tgz';
/** What the set-up of a service has in a form of its own, in the template. */
const ownSetup = 'packages.mjs';

/** Writes all of them into `folder`. */
export async function writeVendored(folder) {
  const vendor = path.join(folder, 'vendor');
  fs.mkdirSync(vendor, { recursive: true });
  await step('wheels and plugin', [venvPython, '-m', 'wheels.build', '--folder', vendor]);
  const built = fs.readdirSync(vendor);
  fs.renameSync(
    path.join(
      vendor,
      built.find((name) => name.endsWith('.tgz')),
    ),
    path.join(folder, tarball),
  );
  const wheel = built.find((name) => /^pilotlight-.*\.whl$/.test(name));
  fs.writeFileSync(path.join(vendor, 'pilotlight.txt'), `./vendor/${wheel}\n`);
  fs.writeFileSync(path.join(vendor, 'requirements.txt'), requirements());
  fs.copyFileSync(inRoot('LICENSE'), path.join(vendor, 'LICENSE'));
  copySetup(path.join(folder, 'tools'));
  const files = filesIn(folder, 'vendor', 'tools').map((name) => [name, digestOf(path.join(folder, name))]);
  const manifest = { version: wheel.split('-')[1], files: Object.fromEntries(files) };
  fs.writeFileSync(path.join(folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Returns what the manifest of a service says: `version`, and `files` with their digests; null where there is none. */
export function readManifest(folder) {
  try {
    const { version, files } = JSON.parse(fs.readFileSync(path.join(folder, manifestFile), 'utf8'));
    return typeof version === 'string' && files ? { version, files } : null;
  } catch {
    return null;
  }
}

/** The paths of the files below `names`, with `/`. */
export function filesIn(folder, ...names) {
  const found = names.flatMap((name) => {
    const below = path.join(folder, name);
    if (!fs.statSync(below).isDirectory()) return [name];
    return filesIn(below, ...fs.readdirSync(below)).map((each) => `${name}/${each}`);
  });
  return found.sort();
}

/** The versions with which this checkout is tested, of what the tools import and of what runs tests. */
function requirements() {
  const text = (name) => fs.readFileSync(inRoot(name), 'utf8');
  const tools = lockedFor(namesInGroup('tools', text('pyproject.toml')), text('requirements-run.txt'));
  const tests = lockedFor(['pytest'], text('requirements-dev.txt'));
  const locked = [...new Set([...tools, ...tests])].sort();
  return `# What \`npm start\` and \`npm test\` need beside the wheels in this folder.\n${locked.join('')}`;
}

function copySetup(tools) {
  const isShared = (file) => path.basename(file) !== ownSetup;
  fs.cpSync(inRoot('scripts', 'setup'), path.join(tools, 'setup'), { recursive: true, filter: isShared });
  fs.copyFileSync(inRoot('scripts', 'setup.mjs'), path.join(tools, 'setup.mjs'));
  fs.copyFileSync(inRoot('template', 'tools', 'setup', ownSetup), path.join(tools, 'setup', ownSetup));
}
