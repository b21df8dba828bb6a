'use strict';

// What `npm pack` puts into the package from beside this folder: the Python package, from which the plugin makes the
// warmer, and the licence. `prepack` copies them, `postpack` removes the copies.

const fs = require('node:fs');
const path = require('node:path');

const COPIES = [
  [path.join(__dirname, '..', 'pilotlight'), path.join(__dirname, 'python', 'pilotlight')],
  [path.join(__dirname, '..', 'LICENSE'), path.join(__dirname, 'LICENSE')],
];

function prepare() {
  remove();
  const isSource = (file) => path.basename(file) !== '__pycache__' && !file.endsWith('.pyc');
  for (const [source, copy] of COPIES) fs.cpSync(source, copy, { recursive: true, filter: isSource });
}

function remove() {
  for (const [, copy] of COPIES) fs.rmSync(copy, { recursive: true, force: true });
}

({ prepare, remove })[process.argv[2]]();
