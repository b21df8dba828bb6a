'use strict';

// Runs a method of plugin/warm.cjs with the SDK of the deploy tool, and prints what it logs, a JSON list in each line.

const { Warm } = require('../../plugin/warm.cjs');

const { method, options, endpoint } = JSON.parse(process.argv[2]);

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
const naming = {
  getNormalizedFunctionName: (key) => key,
  getLambdaLogicalId: (key) => key,
  getLogGroupName: (name) => `/aws/lambda/${name}`,
  getApiGatewayName: () => 'sample',
};
const serverless = {
  service: {
    service: 'sample',
    provider: {},
    custom: { pilotlight: { warmer: 'warmer', targets: [{ function: 'api', concurrency: 10 }] } },
    getAllFunctions: () => Object.keys(functions),
    getFunction: (key) => functions[key],
  },
  getProvider: () => ({
    naming,
    getStage: () => 'dev',
    getRegion: () => 'us-east-1',
    getAwsSdkV3Config: async () => config,
  }),
};
const error = (message, code) => Object.assign(new Error(message), { code: `PILOTLIGHT_${code}` });
const log = Object.fromEntries(
  ['notice', 'success', 'warning'].map((level) => [level, (text) => print(level, text)]),
);
const progress = { get: () => ({ notice: (text) => print('progress', text), remove: () => {} }) };

const warm = new Warm(serverless, options, { log, progress, writeText: (text) => print('text', text), error });
warm[method]().then(
  () => process.exit(0),
  (error) => {
    print('error', error.message);
    process.exit(1);
  },
);
