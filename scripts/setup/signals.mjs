// Passes each signal on to the children once, although one Ctrl-C arrives both from the terminal and from npm.

export const children = new Set();
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
let firstSignal = null;
const lastTime = {};

for (const signal of forwarded) {
  process.on(signal, () => {
    // The terminal's and npm's signals for one key press arrive within milliseconds; a second key press is later.
    const isRepeated = Date.now() - (lastTime[signal] ?? 0) < 300;
    lastTime[signal] = Date.now();
    if (!isRepeated) stop(signal);
  });
}

/** The signal that asked this process to end, or null. */
export function interruption() {
  return firstSignal;
}

export function stop(signal) {
  firstSignal ??= signal;
  for (const child of children) child.kill(signal);
}

/** Ends this process by the signal that ended its child. */
export function endBy(signal) {
  for (const each of forwarded) process.removeAllListeners(each);
  if (signal === 'SIGKILL') {
    process.stderr.write('error: the command was killed (SIGKILL). Start it again: it removes what was left behind.\n');
  }
  process.kill(process.pid, signal);
}

/** Waits for a child; returns its exit code, its signal, or the error if it did not start. */
export async function ended(child) {
  children.add(child);
  try {
    return await new Promise((resolve) => {
      child.once('error', (error) => resolve({ error }));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  } finally {
    children.delete(child);
  }
}
