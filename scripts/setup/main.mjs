import os from 'node:os';
import { SetupError, UsageError } from './errors.mjs';
import { interruption } from './signals.mjs';

/** Runs a script; a SetupError becomes one message and an exit code: 1, 2 for wrong usage, 128 + n for signal n. */
export async function main(script) {
  try {
    await script();
  } catch (error) {
    if (!(error instanceof SetupError) && !error.syscall) throw error;
    process.stderr.write(`error: ${error instanceof SetupError ? error.message : inWords(error)}\n`);
    const signal = interruption();
    process.exitCode = signal ? 128 + os.constants.signals[signal] : error instanceof UsageError ? 2 : 1;
  }
}

/** A folder that may not be written, or a full disk, is a problem to report, not a mistake in here. */
function inWords({ code, path, message }) {
  if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) return `${message}.`;
  return `${path} cannot be written (${code}): run it as the owner of this folder, or in a copy of your own.`;
}
