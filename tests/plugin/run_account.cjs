'use strict';

// Prints what plugin/api-gateway-account.cjs adds to a stack, and what it warns of, as JSON.

const { ApiGatewayAccount } = require('../../plugin/api-gateway-account.cjs');

const { setting, deploying, endpoint } = JSON.parse(process.argv[2]);
const warnings = [];
const provider = {
  naming: { getStackName: () => 'sample-dev' },
  getAwsSdkV3Config: async () => ({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    maxAttempts: 1,
  }),
};

new ApiGatewayAccount(provider, { warning: (text) => warnings.push(text) })
  .resources(setting, deploying)
  .then((resources) => process.stdout.write(JSON.stringify({ resources, warnings })));
