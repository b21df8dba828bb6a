'use strict';

// custom.pilotlight of serverless.yml: what it may hold, and what it means where it is silent. The deploy tool checks
// it by this schema before anything else, and converts the strings that `--param` gives.

const schema = {
  type: 'object',
  properties: {
    pilotlight: {
      type: 'object',
      properties: {
        targets: { type: 'array' }, // checked by pilotlight_build.resolve_targets, as the warmer checks them
        xray: { type: 'boolean' },
        sampling: { type: 'number', minimum: 0, maximum: 1 },
        alarmTopic: { anyOf: [{ type: 'string', pattern: '^(arn:aws[a-z-]*:sns:.+)?$' }, { type: 'object' }] },
        metricsNamespace: { type: 'string', pattern: '^(?!AWS/)[0-9A-Za-z.\\-_/#]{1,255}$' }, // "PutMetricData"
        apiGatewayAccount: { type: 'string', pattern: '^(auto|off|arn:aws[a-z-]*:iam::[0-9]{12}:role/.+)$' },
        exceptionMessages: { type: 'boolean' },
        warmAfterDeploy: { type: 'boolean' },
      },
      additionalProperties: false,
    },
  },
};

const DEFAULTS = {
  targets: null,
  xray: true,
  sampling: 0.05,
  alarmTopic: '',
  metricsNamespace: 'Pilotlight',
  exceptionMessages: false,
  warmAfterDeploy: true,
};

/** Returns the settings of a service, complete. */
function settingsOf({ custom, provider }) {
  return { ...DEFAULTS, apiGatewayAccount: accountRole(provider), ...custom?.pilotlight };
}

/** What osls's own settings say about the account's role for API Gateway's logs. */
function accountRole({ logs }) {
  if (logs?.restApi?.roleManagedExternally) return 'off';
  return logs?.restApi?.role ?? 'auto';
}

module.exports = { schema, settingsOf };
