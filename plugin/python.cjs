'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** The Python of the project's own environment, or null where `npm` has not set it up. */
function venvPython(folder) {
  const place = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const python = path.join(folder, '.venv', ...place);
  return fs.existsSync(python) ? python : null;
}

/** A Python with pip: the project's own, or the machine's, so that a deployment needs no set-up; null without one. */
function findPython(folder) {
  const names = [venvPython(folder), process.env.PYTHON, 'python3', 'python'].filter(Boolean);
  const question = 'import sys, pip; sys.exit(sys.version_info < (3, 11))';
  return names.find((name) => spawnSync(name, ['-c', question]).status === 0) ?? null;
}

/** The environment in which that Python finds `pilotlight_build`, and leaves no bytecode beside it. */
function pythonEnvironment() {
  const found = [path.join(__dirname, 'python'), process.env.PYTHONPATH].filter(Boolean);
  return { ...process.env, PYTHONPATH: found.join(path.delimiter), PYTHONDONTWRITEBYTECODE: '1' };
}

const NO_PYTHON =
  'Packaging needs Python 3.11 or newer with pip: `node scripts/setup.mjs --for run` sets one up in .venv.';

module.exports = { findPython, pythonEnvironment, venvPython, NO_PYTHON };
