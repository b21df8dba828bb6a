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

/** Finds a Python with pip: the project's own, or the machine's, so that a deployment needs no set-up; else null. */
function findPython(folder) {
  const names = [venvPython(folder), process.env.PYTHON, 'python3', 'python'].filter(Boolean);
  const check = 'import sys, pip; sys.exit(sys.version_info < (3, 11))';
  return names.find((name) => spawnSync(name, ['-c', check]).status === 0) ?? null;
}

/** Returns environment variables with which that Python finds `pilotlight_build` and writes no bytecode beside it. */
function pythonEnvironment() {
  const found = [path.join(__dirname, 'python'), process.env.PYTHONPATH].filter(Boolean);
  return { ...process.env, PYTHONPATH: found.join(path.delimiter), PYTHONDONTWRITEBYTECODE: '1' };
}

const NO_PYTHON =
  'Packaging needs Python 3.11 or newer with pip: `node scripts/setup.mjs --for run` creates one in .venv.';

module.exports = { findPython, pythonEnvironment, venvPython, NO_PYTHON };
