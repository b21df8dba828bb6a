import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { installEnvironment } from './environment.mjs';
import { SetupError } from './errors.mjs';
import { inRoot, root } from './project.mjs';
import { ended, interruption } from './signals.mjs';

const logFile = inRoot('build', 'setup.log');
const everyMs = 5000;
const noise =
  /^\s*$|^(Collecting|Processing|Looking|Ignoring|Requirement already|WARNING: Location| {2}(Using cached|Downloading)) /;

/** Progress goes to stderr: stdout belongs to the command. */
export function say(message) {
  process.stderr.write(`set-up: ${message}\n`);
}

/** Runs one part of the set-up with its output in a log; shows the time it takes, and the log's end when it fails. */
export async function step(title, [program, ...args], { phase = () => '', shell = false, cwd = root } = {}) {
  const started = Date.now();
  say(`${title} …`);
  fs.writeFileSync(logFile, '');
  const log = fs.openSync(logFile, 'a');
  const ticker = setInterval(() => {
    say(`${title} … ${Math.round((Date.now() - started) / 1000)} s${phase(fs.readFileSync(logFile, 'utf8'))}`);
  }, everyMs);
  const child = spawn(program, args, { cwd, stdio: ['ignore', log, log], shell, env: installEnvironment() });
  const { code, error } = await ended(child);
  clearInterval(ticker);
  fs.closeSync(log);
  if (interruption()) throw new SetupError(`stopped by ${interruption()}. Run the command again to continue.`);
  if (code === 0) return;
  const how = error ? `did not start: ${error.message}` : `failed (exit code ${code})`;
  throw new SetupError(`${title}: \`${[path.basename(program), ...args].join(' ')}\` ${how}.${endOfLog()}`);
}

function endOfLog() {
  const lines = fs
    .readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => !noise.test(line));
  const end = lines
    .slice(-12)
    .map((line) => `  ${line.length > 300 ? `${line.slice(0, 300)} …` : line}`)
    .join('\n');
  return end.trim() ? ` The last lines of ${path.relative(root, logFile)}:\n${end}` : '';
}
