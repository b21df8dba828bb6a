#!/usr/bin/env node
// `npx sls …` on a fresh clone: npx takes this project's own `bin` before it would fetch another package of that name. It
// does the set-up, after which node_modules has the deploy tool, and npx takes that.

import path from 'node:path';

process.chdir(path.dirname(import.meta.dirname));
process.argv.splice(2, 0, '--for', 'run', '--', 'sls');
await import('./setup.mjs');
