// Everything a fresh clone needs, then the command after `--`:
//
//   node scripts/setup.mjs -- python -m pilotlight_tools.local start
//
// Node packages come from package-lock.json, Python packages from requirements-dev.txt into .venv. Each leaves a stamp
// of what it was made from, so a second run only compares. Runs before node_modules exists: Node's own modules only.
// package.json says `exec node …`: npm tells its shell of a SIGTERM, and a shell that stays would keep it to itself.
// Progress goes to stderr: stdout belongs to the command. `python` as the command is the one in .venv.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = process.cwd(); // npm runs every script in the project's folder
const inRoot = (...parts) => path.join(root, ...parts);
const windows = process.platform === 'win32';
const binaries = inRoot('.venv', windows ? 'Scripts' : 'bin');
const venvPython = path.join(binaries, windows ? 'python.exe' : 'python');
const stamps = { node: inRoot('node_modules', '.pilotlight-stamp'), python: inRoot('.venv', '.pilotlight-stamp') };
const lockFile = inRoot('build', 'setup.lock');
const logFile = inRoot('build', 'setup.log');
const oldestPython = [3, 11];

class SetupError extends Error {}

async function main() {
  requireNode();
  const command = process.argv.slice(2);
  if (command[0] === '--') command.shift();
  if (missing().length) {
    await withLock(async () => {
      for (const step of missing()) await step();
    });
  }
  if (command.length) await run(command);
}

/** The steps still to do; empty when both stamps say that nothing has changed. */
function missing() {
  const steps = [];
  if (readStamp(stamps.node) !== nodeStamp()) steps.push(installNodePackages);
  const chosen = process.env.PYTHON ? probe([process.env.PYTHON])?.version : undefined;
  const version = venvVersion();
  if (readStamp(stamps.python) !== pythonStamp(version) || (process.env.PYTHON && chosen !== version)) {
    steps.push(installPythonPackages);
  }
  return steps;
}

async function installNodePackages() {
  // npm gives its own path to the scripts it runs; without npm around us, the one on PATH.
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : [windows ? 'npm.cmd' : 'npm'];
  const stamp = nodeStamp();
  await step('Node packages', [...npm, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { shell: windows });
  fs.writeFileSync(stamps.node, stamp);
}

async function installPythonPackages() {
  const existing = probe([venvPython]);
  const kept = existing && !process.env.PYTHON && newEnough(existing) && spawnSync(venvPython, ['-m', 'pip', '--version']).status === 0;
  const python = kept ? existing : findPython();
  if (!kept) {
    await step(`Python ${python.version} environment (.venv)`, [...python.command, '-m', 'venv', '--clear', inRoot('.venv')]);
  }
  const stamp = pythonStamp(venvVersion());
  // Compiling all of it ahead takes half as long again as installing it; Python compiles what is used when it is used.
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--no-compile'];
  await step('Python packages', [venvPython, ...pip, '--require-hashes', '-r', inRoot('requirements-dev.txt')], {
    phase: (log) => {
      if (log.includes('\nInstalling collected packages')) return ', installing';
      return `, ${log.match(/^(Collecting|Processing|Requirement already satisfied:) /gm)?.length ?? 0} packages found`;
    },
  });
  fs.writeFileSync(stamps.python, stamp);
}

/**
 * The first Python that is new enough and can make environments: `PYTHON` if it is set, else the usual names. Each is
 * run, not only looked up: a version manager's shim is on PATH even when its Python is not selected.
 */
function findPython() {
  const chosen = process.env.PYTHON;
  const names = chosen ? [chosen] : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
  const commands = [...names.map((name) => [name]), ...(windows && !chosen ? [['py', '-3']] : [])];
  const found = commands.map(probe).filter(Boolean);
  const recent = found.filter(newEnough);
  const usable = recent.find(({ venv }) => venv);
  if (usable) return usable;
  const wanted = `Python ${oldestPython.join('.')} or newer`;
  if (recent.length) {
    const { command, version } = recent[0];
    const minor = version.split('.').slice(0, 2).join('.');
    throw new SetupError(
      `${command.join(' ')} (Python ${version}) cannot make virtual environments: its venv module is missing. ` +
        `On Debian and Ubuntu: sudo apt-get install python${minor}-venv`,
    );
  }
  if (chosen) {
    const seen = found.length ? `is Python ${found[0].version}` : 'does not run';
    throw new SetupError(`PYTHON=${chosen} ${seen}; ${wanted} is needed. Set PYTHON to one, or unset it to have one looked for.`);
  }
  const seen = found.length ? `only found ${found.map((f) => `${f.command.join(' ')} = ${f.version}`).join(', ')}` : 'found none';
  throw new SetupError(`${wanted} is needed; ${seen}. Install one, or set PYTHON to its path.`);
}

/** What a Python says of itself, or null when it does not run. */
function probe(command) {
  const question = "import sys; print('%d.%d.%d' % sys.version_info[:3])\nimport venv, ensurepip; print('venv')";
  const answer = spawnSync(command[0], [...command.slice(1), '-c', question], { encoding: 'utf8' });
  const [version, venv] = (answer.stdout ?? '').trim().split(/\r?\n/);
  return /^\d+\.\d+\.\d+$/.test(version) ? { command, version, venv: venv === 'venv' } : null;
}

function newEnough({ version }) {
  const [major, minor] = version.split('.').map(Number);
  return major > oldestPython[0] || (major === oldestPython[0] && minor >= oldestPython[1]);
}

/** Runs one part of the set-up with its output in a log; shows the time it takes, and the log's end when it fails. */
async function step(title, [program, ...args], { phase = () => '', shell = false } = {}) {
  const started = Date.now();
  say(`${title} …`);
  fs.writeFileSync(logFile, '');
  const log = fs.openSync(logFile, 'a');
  const ticker = setInterval(() => {
    say(`${title} … ${Math.round((Date.now() - started) / 1000)} s${phase(fs.readFileSync(logFile, 'utf8'))}`);
  }, 5000);
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', log, log], shell, env: installEnvironment() });
  children.add(child);
  const { code, error } = await ended(child);
  children.delete(child);
  clearInterval(ticker);
  fs.closeSync(log);
  if (interrupted) throw new SetupError(`stopped by ${interrupted}. Run it again to go on.`);
  if (code === 0) return;
  const noise = /^\s*$|^(Collecting|Processing|Looking|Ignoring|Requirement already|WARNING: Location|  (Using cached|Downloading)) /;
  const lines = fs.readFileSync(logFile, 'utf8').split('\n').filter((line) => !noise.test(line));
  const tail = lines.slice(-12).map((line) => `  ${line.length > 300 ? `${line.slice(0, 300)} …` : line}`).join('\n');
  throw new SetupError(
    `${title}: \`${[path.basename(program), ...args].join(' ')}\` ${error ? `did not start: ${error.message}` : `failed (exit code ${code})`}.` +
      (tail.trim() ? ` Its last lines, of ${path.relative(root, logFile)}:\n${tail}` : ''),
  );
}

/** What npm tells its scripts by environment (a log level, a dry run) is not meant for the installs made here. */
function installEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_(config_(loglevel|dry_run|json|silent)|lifecycle|package|command)/i.test(name));
  return Object.fromEntries(kept);
}

/**
 * Runs the command in a process group of its own and hands on each signal, so that a Ctrl-C, which reaches this process
 * from the terminal and again from npm, reaches the command once. Ends as the command ends.
 */
async function run([name, ...args]) {
  const modules = [inRoot('plugin', 'python'), process.env.PYTHONPATH].filter(Boolean).join(path.delimiter); // pilotlight_build
  const environment = { ...process.env, VIRTUAL_ENV: inRoot('.venv'), PYTHONPATH: modules };
  const pathName = Object.keys(environment).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  environment[pathName] = [binaries, inRoot('node_modules', '.bin'), environment[pathName]].join(path.delimiter);
  const child = spawn(name === 'python' ? venvPython : name, args, { stdio: 'inherit', env: environment, detached: !windows });
  children.add(child);
  const started = process.ppid;
  const orphaned = setInterval(() => process.ppid !== started && !interrupted && stop('SIGTERM'), 1000); // npm or the shell was killed
  const { code, signal, error } = await ended(child);
  clearInterval(orphaned);
  children.delete(child);
  if (error) throw new SetupError(`${name} did not start: ${error.message}`);
  for (const forwarded of forwardedSignals) process.removeAllListeners(forwarded);
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code;
}

const children = new Set();
const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
let interrupted = null;
const lastSignal = {};

for (const signal of forwardedSignals) {
  process.on(signal, () => {
    // The terminal's and npm's copy of one key press come within milliseconds of each other; a person's second press does not.
    const repeated = Date.now() - (lastSignal[signal] ?? 0) < 300;
    lastSignal[signal] = Date.now();
    if (!repeated) stop(signal);
  });
}

function stop(signal) {
  interrupted ??= signal;
  for (const child of children) child.kill(signal);
}

function ended(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Two set-ups at once would write the same folders: the second waits for the first and then has nothing left to do. */
async function withLock(work) {
  fs.mkdirSync(path.dirname(lockFile), { recursive: true });
  let told = false;
  while (!tryLock()) {
    if (!told) say(`waiting for another set-up (process ${readStamp(lockFile)}) to finish …`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (interrupted) throw new SetupError(`stopped by ${interrupted}.`);
  }
  try {
    await work();
  } finally {
    fs.rmSync(lockFile, { force: true });
  }
}

function tryLock() {
  // Written first and linked into place, so that a lock is never seen without its owner's process id.
  const mine = `${lockFile}.${process.pid}`;
  fs.writeFileSync(mine, String(process.pid));
  try {
    fs.linkSync(mine, lockFile);
    return true;
  } catch {
    const owner = readStamp(lockFile);
    if (owner !== null && !alive(Number(owner)) && readStamp(lockFile) === owner) fs.rmSync(lockFile, { force: true });
    return false;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function requireNode() {
  const wanted = JSON.parse(read('package.json')).engines.node.match(/\d+/g).map(Number);
  const running = process.versions.node.split('.').map(Number);
  const difference = wanted.map((part, index) => running[index] - part).find((part) => part !== 0) ?? 0;
  if (difference < 0) throw new SetupError(`Node ${wanted.join('.')} or newer is needed; this is ${process.versions.node}.`);
}

function venvVersion() {
  const answer = spawnSync(venvPython, ['-I', '-S', '-c', "import sys; print('%d.%d.%d' % sys.version_info[:3])"], { encoding: 'utf8' });
  return answer.status === 0 ? answer.stdout.trim() : null;
}

function nodeStamp() {
  return [digest('package-lock.json'), process.platform, process.arch].join(' ');
}

function pythonStamp(version) {
  return `${digest('requirements-dev.txt')} ${version}`;
}

function digest(file) {
  return createHash('sha256').update(read(file)).digest('hex');
}

function read(file) {
  return fs.readFileSync(inRoot(file), 'utf8');
}

function readStamp(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function say(message) {
  process.stderr.write(`set-up: ${message}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = interrupted ? 128 + os.constants.signals[interrupted] : 1;
}
