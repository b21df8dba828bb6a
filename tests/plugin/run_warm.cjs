'use strict';

// Runs a hook of plugin/warm.cjs with the SDK of the deploy tool, and prints what it logs, a JSON list in each line.

const Warm = require('../../plugin/warm.cjs');

const { hook, options, endpoint } = JSON.parse(process.argv[2]);

function print(kind, text) {
  process.stdout.write(`${JSON.stringify([kind, text])}\n`);
}

const functions = {
  api: { name: 'sample-api' },
  warmer: { name: 'sample-warmer', timeout: 50, events: [{ schedule: { rate: 'rate(5 minutes)' } }] },
};
const config = {
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  maxAttempts: 1,
};
const serverless = {
  service: {
    provider: {},
    custom: { pilotlight: { targets: [{ function: 'api', concurrency: 10 }] } },
    getFunction: (key) => functions[key],
  },
  classes: {
    Error: class extends Error {
      constructor(message, code) {
        super(message);
        this.code = code;
      }
    },
  },
  getProvider: () => ({ getAwsSdkV3Config: async () => config }),
};
const log = Object.fromEntries(
  ['notice', 'success', 'warning'].map((level) => [level, (text) => print(level, text)]),
);
const progress = { get: () => ({ notice: (text) => print('progress', text), remove: () => {} }) };

new Warm(serverless, options, { log, progress, writeText: (text) => print('text', text) }).hooks[hook]().then(
  () => process.exit(0),
  (error) => {
    print('error', error.message);
    process.exit(1);
  },
);
