import fs from 'node:fs';
import path from 'node:path';
import { SetupError } from './errors.mjs';
import { inRoot, readIfThere } from './project.mjs';
import { interruption } from './signals.mjs';
import { say } from './step.mjs';

const lockFile = inRoot('build', 'setup.lock');

/** Two set-ups at once would write the same folders: the second waits for the first and then has nothing left to do. */
export async function withLock(work) {
  fs.mkdirSync(path.dirname(lockFile), { recursive: true });
  let isAnnounced = false;
  while (!tryLock()) {
    if (!isAnnounced) say(`waiting for another set-up (process ${readIfThere(lockFile)}) to finish …`);
    isAnnounced = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (interruption()) throw new SetupError(`stopped by ${interruption()}.`);
  }
  try {
    return await work();
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
    const owner = readIfThere(lockFile);
    if (owner && !isAlive(Number(owner)) && readIfThere(lockFile) === owner) fs.rmSync(lockFile, { force: true });
    return false;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
