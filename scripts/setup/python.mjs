// Python packages, from requirements-run.txt or requirements-dev.txt into .venv.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { findPython, isNewEnough, probe } from './find-python.mjs';
import { digest, inRoot, isWindows } from './project.mjs';
import { groupsIn, isStamped, writeStamp } from './stamp.mjs';
import { step } from './step.mjs';

export const binaries = inRoot('.venv', isWindows ? 'Scripts' : 'bin');
export const venvPython = path.join(binaries, isWindows ? 'python.exe' : 'python');
const stamp = inRoot('.venv', '.pilotlight-stamp');
// The locked file is complete, so pip resolves nothing. Compiling everything ahead takes half as long again as
// installing it; Python compiles each module when it is first used.
const pipInstall = [
  ...['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'],
  ...['--no-compile', '--no-deps', '--require-hashes'],
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
  await step('Python packages', [venvPython, ...pipInstall, '-r', inRoot(requirements(group))], { phase });
  writeStamp(stamp, lines);
}

function isVenvUsable() {
  const existing = probe([venvPython]);
  if (!existing || !isNewEnough(existing) || !isChosen(existing.version)) return false;
  return spawnSync(venvPython, ['-m', 'pip', '--version']).status === 0;
}

function isChosen(version) {
  const chosen = process.env.PYTHON;
  return !chosen || probe([chosen])?.version === version;
}

function phase(log) {
  if (log.includes('\nInstalling collected packages')) return ', installing';
  return `, ${log.match(/^(Collecting|Processing|Requirement already satisfied:) /gm)?.length ?? 0} packages found`;
}

function requirements(group) {
  return `requirements-${group}.txt`;
}

function venvVersion() {
  const result = spawnSync(venvPython, ['-I', '-S', '-c', "import sys; print('%d.%d.%d' % sys.version_info[:3])"], {
    encoding: 'utf8',
  });
  return result.status === 0 ? result.stdout.trim() : null;
}

function stampLine(group, version) {
  return `${group} ${digest(requirements(group))} ${version}`;
}
