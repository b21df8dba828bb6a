// Node packages, from package-lock.json into node_modules.

import { nodeInstallation } from './packages.mjs';
import { digest, inRoot, isWindows } from './project.mjs';
import { groupsIn, isStamped, writeStamp } from './stamp.mjs';
import { step } from './step.mjs';

const stamp = inRoot('node_modules', '.pilotlight-stamp');

export function isNodeReady(group) {
  return isStamped(stamp, stampLine(group));
}

export async function installNodePackages(group) {
  const lines = groupsIn(group).map(stampLine);
  await step(
    'Node packages',
    npm(...nodeInstallation(group, isNodeReady), '--no-audit', '--no-fund', '--loglevel=error'),
    {
      shell: isWindows,
    },
  );
  writeStamp(stamp, lines);
}

/** Returns npm's command line: the npm that runs this script (it passes its path), else the npm on PATH. */
export function npm(...args) {
  const parent = process.env.npm_execpath; // npx passes its own
  return parent?.endsWith('npm-cli.js')
    ? [process.execPath, parent, ...args]
    : [isWindows ? 'npm.cmd' : 'npm', ...args];
}

function stampLine(group) {
  return [group, digest('package-lock.json'), process.platform, process.arch].join(' ');
}
