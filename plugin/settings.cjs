'use strict';

// custom.pilotlight of serverless.yml: what it may hold, and what it means where it is silent. The deploy tool checks
// it by this schema before anything else, and converts the strings that `--param` gives.

const { nearest } = require('./names.cjs');

const schema = {
  type: 'object',
  properties: {
    pilotlight: {
      type: 'object',
      properties: {
        targets: { type: 'array' }, // checked by pilotlight_build.resolve_targets, as the warmer checks them
        warmer: { anyOf: [{ type: 'string', minLength: 1 }, { type: 'null' }] },
        rate: { type: 'string', pattern: '^(rate|cron)\\(.+\\)$' },
        enabled: { type: 'boolean' },
        observability: { type: 'boolean' },
        tracing: { type: 'boolean' },
        runtimeClient: { enum: ['managed', 'lean'] },
        downstreamTracing: { enum: ['xray', 'xray-init', 'otel', 'off'] },
        packaging: { enum: ['pilotlight', null] },
        requireHashes: { type: 'boolean' },
        shipBoto3: { type: 'boolean' },
        keep: { type: 'array', items: { type: 'string', minLength: 1 } },
        provided: { type: 'array', items: { type: 'string', minLength: 1 } }, // checked by the builder
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
  warmer: null,
  rate: 'rate(5 minutes)',
  enabled: true,
  observability: false,
  tracing: true,
  runtimeClient: 'managed',
  downstreamTracing: null,
  packaging: null,
  requireHashes: false,
  shipBoto3: false,
  keep: [], // patterns of dependencies' files that would be left out
  provided: [], // modules that a layer has
  sampling: 0.05,
  alarmTopic: '',
  metricsNamespace: 'Pilotlight',
  apiGatewayAccount: null, // the account's setting is left to the deploy tool
  exceptionMessages: false,
  warmAfterDeploy: true,
};

/** Settings that had another name before. */
const RENAMED = { xray: 'observability' };

/** Settings of what `packaging: pilotlight` builds. */
const BUILDERS = ['requireHashes', 'shipBoto3', 'keep', 'provided'];

/** The key of the warmer's function where the service names none of its own: the plugin adds it. */
const ADDED_WARMER = 'pilotlightWarmer';

/** Returns the settings of a service, complete. */
function settingsOf({ custom }) {
  return { ...DEFAULTS, ...custom?.pilotlight };
}

/** Whether the service asks for anything: without targets there is nothing to do. */
function isActive({ targets, warmer }) {
  return targets !== null || warmer !== null;
}

/** Says which setting has a name of an older release, or null. */
function renamed(custom) {
  const [old] = Object.keys(RENAMED).filter((name) => custom?.pilotlight?.[name] !== undefined);
  return old ? `custom.pilotlight.${old} is called \`${RENAMED[old]}\` since 0.2.0: write that name.` : null;
}

/** Says what is wrong with the settings of a service whose schema is right, or null. */
function wrongSettings(given, { settings, functions, plugins, api }) {
  const { warmer } = settings;
  if (warmer !== null && !functions.includes(warmer))
    return `custom.pilotlight.warmer is \`${warmer}\`, and serverless.yml has no such function. ${nearest(warmer, functions)}`;
  if (warmer === null && functions.includes(ADDED_WARMER))
    return (
      `serverless.yml has a function \`${ADDED_WARMER}\`, the name of the one that the plugin adds: if it is the warmer, ` +
      `write \`warmer: ${ADDED_WARMER}\` under custom.pilotlight; else rename it.`
    );
  const ofAdded = ['rate', 'enabled'].find((name) => warmer !== null && given?.[name] !== undefined);
  if (ofAdded)
    return (
      `custom.pilotlight.${ofAdded} is for the warmer that the plugin adds; \`${warmer}\` is started by its own schedule: ` +
      `set \`${ofAdded}\` in functions.${warmer}.events.`
    );
  if (given?.sampling !== undefined && !api)
    return (
      'custom.pilotlight.sampling has no effect here: X-Ray sampling rules reach the stages of REST APIs only ' +
      '("Configure AWS X-Ray sampling rules for API Gateway APIs"), and this stack has none. Times then come from ' +
      "Lambda's own traces, one request a second and 5 % of the rest. Remove `sampling`."
    );
  const ofBuilder = BUILDERS.find((name) => settings.packaging === null && given?.[name] !== undefined);
  if (ofBuilder)
    return (
      `custom.pilotlight.${ofBuilder} is for \`packaging: pilotlight\`, which this service does not have: add that line, ` +
      `or remove \`${ofBuilder}\`.`
    );
  if (settings.packaging === 'pilotlight' && plugins.includes(PYTHON_REQUIREMENTS))
    return (
      `\`packaging: pilotlight\` and the plugin ${PYTHON_REQUIREMENTS} would both package: that plugin puts everything ` +
      'of requirements.txt into the finished package again. Remove one of the two from serverless.yml.'
    );
  return null;
}

const PYTHON_REQUIREMENTS = 'serverless-python-requirements';

module.exports = { ADDED_WARMER, PYTHON_REQUIREMENTS, isActive, renamed, schema, settingsOf, wrongSettings };
