// `npm run help`: what each script is for. npm lists scripts without a description; package.json has them as `verbs`.

import fs from 'node:fs';
import { inRoot } from './setup/project.mjs';

const { scripts, verbs } = JSON.parse(fs.readFileSync(inRoot('package.json'), 'utf8'));
const withoutRun = new Set(['start', 'test']);
const called = Object.keys(scripts).map((name) => (withoutRun.has(name) ? `npm ${name}` : `npm run ${name}`));
const width = Math.max(...called.map((each) => each.length));
const lines = Object.keys(scripts).map((name, index) => `  ${called[index].padEnd(width)}  ${verbs[name]}`);

process.stdout.write(`${lines.join('\n')}\n\nOptions follow \`--\`: npm run latency -- --stage prod; \`-- --help\` lists them.
Each installs first what it needs and is missing.
`);
