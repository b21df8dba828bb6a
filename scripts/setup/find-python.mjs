import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installEnvironment } from './environment.mjs';
import { SetupError } from './errors.mjs';
import { inRoot, isWindows, readIfThere } from './project.mjs';

const oldest = [3, 11];
const usual = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
const wanted = `Python ${oldest.join('.')} or newer`;

/**
 * Finds the first Python that is new enough and has venv: `PYTHON` if it is set, else the version that is deployed, else
 * the usual names. Each is run, not only looked up: a version manager's shim is on PATH even when its Python is not
 * selected.
 */
export function findPython() {
  const chosen = process.env.PYTHON;
  const names = chosen ? [chosen] : [...ofDeployedVersion(), ...usual];
  const commands = [...names.map((name) => [name]), ...(isWindows && !chosen ? [['py', '-3']] : [])];
  const found = [];
  for (const command of commands) {
    const python = probe(command);
    if (python?.hasVenv && isNewEnough(python)) return python;
    if (python) found.push(python);
  }
  throw new SetupError(whyNone(found, chosen));
}

/**
 * Where a Python of serverless.yml's `runtime` may be: on PATH, or where version managers keep those that are not
 * selected. plugin/python/pilotlight_build/bytecode.py looks in the same places when it packages.
 */
function ofDeployedVersion() {
  const runtime = readIfThere(inRoot('serverless.yml')).match(/^ *runtime: *['"]?python(3\.\d+)\b/m);
  if (!runtime) return [];
  const name = `python${runtime[1]}`;
  const pyenv = path.join(process.env.PYENV_ROOT ?? path.join(os.homedir(), '.pyenv'), 'versions');
  const uv = process.env.UV_PYTHON_INSTALL_DIR ?? path.join(os.homedir(), '.local', 'share', 'uv', 'python');
  const managed = [...versionsIn(pyenv, runtime[1]), ...versionsIn(uv, `cpython-${runtime[1]}`)];
  const folders = [...managed, '/opt/homebrew/bin', '/usr/local/bin', '/usr/bin'];
  return [name, ...folders.map((folder) => path.join(folder, name))];
}

function versionsIn(folder, start) {
  try {
    const names = fs.readdirSync(folder).filter((name) => name.startsWith(`${start}.`));
    return names.map((name) => path.join(folder, name, 'bin'));
  } catch {
    return []; // no such version manager here
  }
}

/** Returns a Python's version and whether it has venv, or null when it does not run. */
export function probe(command) {
  const code = "import sys; print('%d.%d.%d' % sys.version_info[:3])\nimport venv, ensurepip; print('venv')";
  const settings = { encoding: 'utf8', env: installEnvironment() };
  const result = spawnSync(command[0], [...command.slice(1), '-c', code], settings);
  const [version, venv] = (result.stdout ?? '').trim().split(/\r?\n/);
  return /^\d+\.\d+\.\d+$/.test(version) ? { command, version, hasVenv: venv === 'venv' } : null;
}

export function isNewEnough({ version }) {
  const [major, minor] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

function whyNone(found, chosen) {
  const recent = found.find(isNewEnough);
  if (recent) {
    const minor = recent.version.split('.').slice(0, 2).join('.');
    return (
      `${recent.command.join(' ')} (Python ${recent.version}) cannot create virtual environments: its venv module is ` +
      `missing. On Debian and Ubuntu: sudo apt-get install python${minor}-venv`
    );
  }
  if (chosen) {
    const seen = found.length ? `is Python ${found[0].version}` : 'does not run';
    return `PYTHON=${chosen} ${seen}; ${wanted} is needed. Set PYTHON to one, or unset it to search for one.`;
  }
  const seen = found.map(({ command, version }) => `${command.join(' ')} = ${version}`).join(', ');
  return `${wanted} is needed; ${seen ? `only found ${seen}` : 'found none'}. Install one, or set PYTHON to its path.`;
}
