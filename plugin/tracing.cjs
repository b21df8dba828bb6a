'use strict';

// X-Ray's active tracing of the targets and of the warmer, without which there are no records.

const ACTIONS = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];
const STATEMENT = `{ Effect: Allow, Action: [${ACTIONS.map((action) => `'${action}'`).join(', ')}], Resource: '*' }`;
const OFF =
  '`tracing: false` under custom.pilotlight: X-Ray gets records of functions only that have `tracing: Active`.';
/** Managed policies that include both actions: "AWS managed policies for AWS X-Ray". */
const MANAGED = /AWSXRayDaemonWriteAccess|AWSXrayFullAccess|AWSXrayWriteOnlyAccess|AdministratorAccess/i;

/**
 * Switches active tracing on for functions of the service that say nothing about it. Returns their keys in `switchedOn`,
 * and in `notice` what has to be said, or null. The deploy tool gives the rights to the role that it makes; a role of the
 * service's own must have them before: Lambda refuses active tracing to a role without them.
 */
function switchTracingOn(service, provider, { settings }, keys) {
  if (!settings.tracing) return { switchedOn: [], notice: OFF };
  const switchedOn = [];
  const kept = [];
  const withoutRights = [];
  for (const key of keys) {
    const each = service.getFunction(key);
    const set = each.tracing ?? service.provider.tracing?.lambda;
    const role = provider.getCustomExecutionRole(each);
    if (set !== undefined) {
      if (!isActive(set)) kept.push(`${key} (${set})`);
    } else if (role && !mayTrace(service.resources?.Resources?.[logicalId(role)])) withoutRights.push(key);
    else {
      each.tracing = 'Active';
      switchedOn.push(key);
    }
  }
  return { switchedOn, notice: [...left(kept), ...needing(withoutRights)].join(' ') || null };
}

/**
 * With `observability` there is a sampling rule, which works where the stage traces: the stage asks for each request
 * whether it is traced. Returns what has to be said, or null.
 */
function traceStage(provider, { api, settings }) {
  if (!settings.observability || !api) return null;
  if (provider.tracing?.apiGateway === undefined && settings.tracing)
    provider.tracing = { ...provider.tracing, apiGateway: true };
  if (provider.tracing?.apiGateway) return null;
  return 'The sampling rule has no effect, because the stage is not traced: set provider.tracing.apiGateway to true.';
}

function isActive(tracing) {
  return tracing === true || tracing === 'Active';
}

function left(kept) {
  if (!kept.length) return [];
  return [
    `Tracing stays as the service sets it: ${kept.join(', ')}. X-Ray gets records only of what the caller traces.`,
  ];
}

function needing(keys) {
  if (!keys.length) return [];
  return [
    `Tracing stays off where a function has a role of its own, which lacks the rights or cannot be read here: ` +
      `${keys.join(', ')}. Add to the role the statement ${STATEMENT} and to the function \`tracing: Active\`.`,
  ];
}

/**
 * Looks for traced functions to which the compiled template gives a role that may not trace, as another plugin may have
 * made it: Lambda would refuse them. Those that the plugin switched on are switched off again. Returns a line each.
 */
function withoutRights(resources, { warmer, targets }, switchedOn) {
  const refused = [warmer, ...targets].filter(({ logicalId: id }) => {
    const { Role: role, TracingConfig: tracing } = resources[id]?.Properties ?? {};
    const found = resources[logicalId(role)];
    return tracing?.Mode === 'Active' && found && !mayTrace(found);
  });
  const ours = refused.filter(({ key }) => switchedOn.includes(key));
  const own = refused.filter(({ key }) => !switchedOn.includes(key));
  for (const { logicalId: id } of ours) delete resources[id].Properties.TracingConfig;
  return [
    ...needing(ours.map(({ key }) => key)),
    ...(own.length
      ? [
          `Lambda refuses active tracing to a role that may not write to X-Ray, as that of ${keysOf(own)}: add the ` +
            `statement ${STATEMENT} to it.`,
        ]
      : []),
  ];
}

function keysOf(functions) {
  return functions.map(({ key }) => key).join(', ');
}

/** The logical id by which serverless.yml or a template names a role of the stack, null for another one. */
function logicalId(role) {
  if (typeof role === 'string') return role.includes(':') ? null : role;
  const [id] = role?.['Fn::GetAtt'] ?? [];
  return id ?? null;
}

/** Whether a role as a resource has the rights. */
function mayTrace(role) {
  if (!role) return false;
  const { Policies: policies = [], ManagedPolicyArns: managed = [] } = role.Properties ?? {};
  if (MANAGED.test(JSON.stringify(managed))) return true;
  const statements = policies.flatMap(({ PolicyDocument: document }) => [document?.Statement ?? []].flat());
  return ACTIONS.every((action) => statements.some((each) => allows(each, action)));
}

function allows({ Effect: effect, Action: actions = [] }, action) {
  const patterns = [actions].flat().filter((each) => typeof each === 'string');
  return effect === 'Allow' && patterns.some((each) => matches(each, action));
}

/** IAM's actions take `*`, and ignore case: "IAM JSON policy elements: Action". */
function matches(pattern, action) {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${expression}$`, 'i').test(action);
}

module.exports = { switchTracingOn, traceStage, withoutRights };
