'use strict';

// Which deploy tool loads the plugin. Two tools answer to `serverless` and to version 4: osls, and Serverless Inc.'s.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

let running = null;

/** Throws where the deploy tool is not osls 4, whose functions and names the plugin reads; remembers where it is. */
function requireOsls(serverless) {
  const { name, version } = packageOf(serverless);
  if (name === 'osls' && /^4\./.test(version)) {
    running = path.join(serverless.config.serverlessPath, '..', 'package.json');
    return;
  }
  const found = name === 'osls' ? `osls ${version}` : `Serverless Inc.'s ${serverless.version ?? version}`;
  const message =
    `Pilotlight needs the deploy tool osls 4, and this is ${found}. ` +
    'Install it with `npm install --save-dev serverless@npm:osls@4` and run it with `npx sls`.';
  const UserError = serverless.classes?.Error;
  throw UserError ? new UserError(message, 'PILOTLIGHT_DEPLOY_TOOL') : new Error(message);
}

/** Returns the package.json of the running tool, which is not always the one that `require` would find. */
function packageOf({ config, version = '' }) {
  try {
    return JSON.parse(fs.readFileSync(path.join(config.serverlessPath, '..', 'package.json'), 'utf8'));
  } catch {
    return { name: '', version };
  }
}

/** Loads a module of the deploy tool's own, such as its SDK: when it is needed, and in the version that the tool has. */
function moduleOfTool(name) {
  return createRequire(running ?? foundTool())(name);
}

/**
 * The deploy tool before it has loaded the plugin, as when serverless.yml names one of its files. The program that runs
 * comes first: the tool may be global, in npx's cache or at the root of a monorepo, with no other beside the plugin.
 */
function foundTool() {
  const places = [require.main?.filename, __filename, path.join(process.cwd(), 'package.json')].filter(Boolean);
  for (const place of places) {
    const own = ownPackage(place);
    if (own) return own;
    for (const name of ['serverless', 'osls']) {
      try {
        return createRequire(place).resolve(`${name}/package.json`);
      } catch {
        // not there: the next place
      }
    }
  }
  throw new Error('Pilotlight finds no deploy tool: run it with `npx sls`.');
}

/** The package.json of osls where `file` belongs to it. */
function ownPackage(file) {
  for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const found = path.join(folder, 'package.json');
    if (fs.existsSync(found)) return JSON.parse(fs.readFileSync(found, 'utf8')).name === 'osls' ? found : null;
  }
  return null;
}

module.exports = { moduleOfTool, requireOsls };
