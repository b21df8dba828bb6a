// A new service: the template with its name, and Pilotlight's files.

import fs from 'node:fs';
import path from 'node:path';
import { SetupError } from '../setup/errors.mjs';
import { npm } from '../setup/node.mjs';
import { inRoot, isWindows, root } from '../setup/project.mjs';
import { step } from '../setup/step.mjs';
import { filesIn, writeVendored } from './vendor.mjs';

const nameInTemplate = 'orders-api';
const named = ['serverless.yml', 'package.json', 'README.md'];
/** What working in the template's folder leaves there. */
const leftovers = new Set(['.venv', 'node_modules', '.serverless', 'build', '__pycache__', '.pytest_cache', 'vendor']);

/** Writes the service `name` into `folder`: whole, or not at all. Returns what to tell. */
export async function create(folder, name, prepared) {
  checkFolder(folder);
  const staging = path.join(path.dirname(folder), `.${path.basename(folder)}-${process.pid}`);
  try {
    fs.mkdirSync(staging);
    await prepared(() => writeService(staging, name));
    const files = filesIn(staging, ...fs.readdirSync(staging));
    const bytes = files.reduce((sum, file) => sum + fs.statSync(path.join(staging, file)).size, 0);
    checkFolder(folder); // it may have come meanwhile
    put(staging, folder);
    return [
      `Made the service ${name}: ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB. Next:`,
      `  cd ${path.relative(process.env.INIT_CWD ?? root, folder) || '.'}`,
      '  npm start    # the API and its warmer on this machine; README.md says the rest',
    ];
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
  }
}

async function writeService(staging, name) {
  const isTemplate = (file) => !leftovers.has(path.basename(file));
  fs.cpSync(inRoot('template'), staging, { recursive: true, filter: isTemplate });
  for (const file of named) rename(path.join(staging, file), file === 'package.json' ? name.toLowerCase() : name);
  await writeVendored(staging);
  // The versions of this checkout's lock: npm takes out what the service does not need, and asks no registry.
  fs.copyFileSync(inRoot('package-lock.json'), path.join(staging, 'package-lock.json'));
  await step('package-lock.json', npm('install', '--package-lock-only', '--ignore-scripts', '--offline'), {
    cwd: staging,
    shell: isWindows,
  });
}

function rename(file, name) {
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replaceAll(nameInTemplate, name));
}

/** Throws where `folder` holds something, or is part of this checkout. */
function checkFolder(folder) {
  const parent = path.dirname(folder);
  if (!fs.existsSync(parent)) throw new SetupError(`${parent} is no folder: make it first, or name another.`);
  const real = path.join(fs.realpathSync(parent), path.basename(folder));
  const within = path.relative(fs.realpathSync(root), real);
  if (!within.startsWith('..') && !path.isAbsolute(within))
    throw new SetupError(
      `${folder} is inside this checkout of Pilotlight: name a folder outside, such as ../${path.basename(folder)}.`,
    );
  if (!fs.existsSync(folder)) return;
  if (!fs.statSync(folder).isDirectory()) throw new SetupError(`${folder} is a file: name another folder.`);
  const [held] = fs.readdirSync(folder).filter((name) => name !== '.git');
  if (held !== undefined)
    throw new SetupError(
      `${folder} is not empty (it has ${held}): name another folder. For newer files of Pilotlight: --update.`,
    );
}

/** Moves the finished service to its place. */
function put(staging, folder) {
  if (!fs.existsSync(folder)) return fs.renameSync(staging, folder);
  const moved = []; // into an empty folder, which may be somebody's working directory
  try {
    for (const name of fs.readdirSync(staging)) {
      fs.renameSync(path.join(staging, name), path.join(folder, name));
      moved.push(path.join(folder, name));
    }
  } catch (error) {
    for (const each of moved) fs.rmSync(each, { recursive: true, force: true });
    throw error;
  }
}
