'use strict';

// Which deploy tool loads the plugin. Two tools answer to `serverless` and to version 4: osls, and Serverless Inc.'s.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

/** Throws where the deploy tool is not osls 4, whose functions and names the plugin reads. */
function requireOsls(serverless) {
  const { name, version } = packageOf(serverless);
  if (name === 'osls' && /^4\./.test(version)) return;
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
  return createRequire(require.resolve('serverless/package.json'))(name);
}

module.exports = { moduleOfTool, requireOsls };
