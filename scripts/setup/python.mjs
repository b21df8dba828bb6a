// Python packages, from the locked files into .venv.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installEnvironment } from './environment.mjs';
import { findPython, isNewEnough, probe } from './find-python.mjs';
import { pythonInstallations } from './packages.mjs';
import { digest, inRoot, isWindows } from './project.mjs';
import { groupsIn, isStamped, writeStamp } from './stamp.mjs';
import { step } from './step.mjs';

export const binaries = inRoot('.venv', isWindows ? 'Scripts' : 'bin');
export const venvPython = path.join(binaries, isWindows ? 'python.exe' : 'python');
const stamp = inRoot('.venv', '.pilotlight-stamp');
// Compiling everything ahead takes half as long again as installing it; Python compiles each module when it is first
// used.
const pipInstall = [
  ...['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'],
  '--no-compile',
];

export function isPythonReady(group) {
  const version = venvVersion();
  return isStamped(stamp, stampLine(group, version)) && isChosen(version);
}

export async function installPythonPackages(group) {
  if (!isVenvUsable()) {
    const { command, version } = findPython();
    await step(`Python ${version} virtual environment (.venv)`, [...command, '-m', 'venv', '--clear', inRoot('.venv')]);
  }
  const lines = groupsIn(group).map((each) => stampLine(each, venvVersion()));
  for (const { title, options } of pythonInstallations(group)) {
    await step(title, [venvPython, ...pipInstall, ...options], { phase });
  }
  writeStamp(stamp, lines);
}

function isVenvUsable() {
  const existing = probe([venvPython]);
  if (!existing || !isNewEnough(existing) || !isChosen(existing.version)) return false;
  return spawnSync(venvPython, ['-m', 'pip', '--version'], { env: installEnvironment() }).status === 0;
}

function isChosen(version) {
  const chosen = process.env.PYTHON;
  return !chosen || probe([chosen])?.version === version;
}

function phase(log) {
  if (log.includes('\nInstalling collected packages')) return ', installing';
  return `, ${log.match(/^(Collecting|Processing|Requirement already satisfied:) /gm)?.length ?? 0} packages found`;
}

function venvVersion() {
  const result = spawnSync(venvPython, ['-I', '-S', '-c', "import sys; print('%d.%d.%d' % sys.version_info[:3])"], {
    encoding: 'utf8',
  });
  return result.status === 0 ? result.stdout.trim() : null;
}

function stampLine(group, version) {
  const files = pythonInstallations(group).flatMap((each) => each.files);
  return `${group} ${files.map(digest).join('+')} ${version}`;
}
