import os from 'node:os';
import { SetupError, UsageError } from './errors.mjs';
import { interruption } from './signals.mjs';

/** Runs a script; a SetupError becomes one message and an exit code: 1, 2 for wrong usage, 128 + n for signal n. */
export async function main(script) {
  try {
    await script();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    const signal = interruption();
    process.exitCode = signal ? 128 + os.constants.signals[signal] : error instanceof UsageError ? 2 : 1;
  }
}
