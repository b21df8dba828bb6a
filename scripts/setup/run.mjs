import { spawn } from 'node:child_process';
import path from 'node:path';
import { SetupError } from './errors.mjs';
import { moduleFolders } from './packages.mjs';
import { inRoot, isWindows } from './project.mjs';
import { binaries, venvPython } from './python.mjs';
import { endBy, ended, interruption, stop } from './signals.mjs';

/**
 * Runs the command in a process group of its own, so that it gets the terminal's signals only from this process, and
 * ends as the command ends. `python` as the command is the one in .venv.
 */
export async function run([name, ...args]) {
  const program = name === 'python' ? venvPython : name;
  const child = spawn(program, args, { stdio: 'inherit', env: environment(), detached: !isWindows });
  const parent = process.ppid;
  // The parent process changes when npm or its shell is killed.
  const orphaned = setInterval(() => process.ppid !== parent && !interruption() && stop('SIGTERM'), 1000);
  const { code, signal, error } = await ended(child);
  clearInterval(orphaned);
  if (error) throw new SetupError(`${name} did not start: ${error.message}`);
  if (signal) endBy(signal);
  else process.exitCode = code;
}

function environment() {
  const variables = { ...process.env, VIRTUAL_ENV: inRoot('.venv') };
  const modules = [...moduleFolders.map((folder) => inRoot(folder)), process.env.PYTHONPATH].filter(Boolean);
  if (modules.length) variables.PYTHONPATH = modules.join(path.delimiter);
  const pathName = Object.keys(variables).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  variables[pathName] = [binaries, inRoot('node_modules', '.bin'), variables[pathName]].join(path.delimiter);
  return variables;
}
