import { spawn } from 'node:child_process';
import { commandEnvironment } from './environment.mjs';
import { SetupError } from './errors.mjs';
import { isWindows } from './project.mjs';
import { binaries, venvPython } from './python.mjs';
import { endBy, ended, interruption, stop } from './signals.mjs';

/**
 * Runs the command in a process group of its own, so that it gets the terminal's signals only from this process, and
 * ends as the command ends. `python` as the command is the one in .venv.
 */
export async function run([name, ...args]) {
  const program = name === 'python' ? venvPython : name;
  const child = spawn(program, args, { stdio: 'inherit', env: commandEnvironment(binaries), detached: !isWindows });
  const parent = process.ppid;
  // The parent process changes when npm or its shell is killed.
  const orphaned = setInterval(() => process.ppid !== parent && !interruption() && stop('SIGTERM'), 1000);
  const { code, signal, error } = await ended(child);
  clearInterval(orphaned);
  if (error) throw new SetupError(`${name} did not start: ${error.message}`);
  if (signal) endBy(signal);
  else process.exitCode = code;
}
