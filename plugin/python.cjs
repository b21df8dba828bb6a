'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** Returns the Python of the project's .venv, or null if it is not set up. */
function venvPython(folder) {
  const parts = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const python = path.join(folder, '.venv', ...parts);
  return fs.existsSync(python) ? python : null;
}

const NAMES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];

/**
 * Finds a Python that can import `modules`: the project's own, or the machine's, so that a deployment needs no set-up;
 * else null.
 */
function findPython(folder, ...modules) {
  const names = [venvPython(folder), process.env.PYTHON, ...NAMES].filter(Boolean);
  const check = `import ${['sys', ...modules].join(', ')}; sys.exit(sys.version_info < (3, 11))`;
  return names.find((name) => spawnSync(name, ['-P', '-c', check]).status === 0) ?? null;
}

/**
 * The folder that holds the plugin's own `pilotlight`: its copy in the npm package, which plugin/pack.cjs makes, or the
 * repository.
 */
function pilotlightFolder() {
  const copy = path.join(__dirname, 'python');
  return fs.existsSync(path.join(copy, 'pilotlight', '__init__.py')) ? copy : path.join(__dirname, '..');
}

/**
 * Returns environment variables with which that Python finds `pilotlight_build` and the plugin's own `pilotlight`, and
 * writes no bytecode beside them.
 */
function pythonEnvironment() {
  const found = [path.join(__dirname, 'python'), pilotlightFolder(), process.env.PYTHONPATH].filter(Boolean);
  return { ...process.env, PYTHONPATH: found.join(path.delimiter), PYTHONDONTWRITEBYTECODE: '1' };
}

/**
 * Runs a module of pilotlight_build with a request as JSON, and returns its JSON. `-P` keeps the service's folder, which
 * may have a `pilotlight` of its own, out of the search path. Throws an Error with what the module printed.
 */
function askPython(folder, module, request) {
  const python = findPython(folder);
  if (!python) throw new Error(NO_PYTHON);
  const done = spawnSync(python, ['-P', '-m', `pilotlight_build.${module}`], {
    cwd: folder,
    env: pythonEnvironment(),
    input: JSON.stringify(request),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) throw new Error(done.stderr?.trim() || `${python} did not run: ${done.error?.message}`);
  return JSON.parse(done.stdout);
}

const NO_PYTHON =
  'Pilotlight needs Python 3.11 or newer on this machine: install one, or name it by the environment variable PYTHON.';
const NO_PYTHON_TO_PACKAGE =
  'Packaging needs Python 3.11 or newer with pip: `node scripts/setup.mjs --for run` creates one in .venv.';

module.exports = {
  NO_PYTHON,
  NO_PYTHON_TO_PACKAGE,
  askPython,
  findPython,
  pilotlightFolder,
  pythonEnvironment,
  venvPython,
};
