'use strict';

// The warmer's function, completed in the service object: what it pings, by which role, and outside the VPC.

const { functionArn } = require('./arns.cjs');
const { warmerRole } = require('./resources/warmer-role.cjs');
const { gapSeconds } = require('./schedule.cjs');
const { resolveTargets } = require('./targets.cjs');

const ROLE = 'WarmerRole';

/**
 * Sets what the warmer's function leaves open, and returns what has to be said, or null. Throws an Error for targets that
 * are wrong.
 */
function completeWarmer(described, service, provider) {
  const warmer = service.getFunction(described.warmer.key);
  const { expressions } = described.warmer.ticks ?? { expressions: [] };
  warmer.environment = {
    // A tick whose event is older is skipped; without a rate, one that is older than five minutes.
    ...(expressions.length === 1 ? { PILOTLIGHT_RATE: expressions[0] } : {}),
    PILOTLIGHT_TARGETS: JSON.stringify(resolveTargets(described, provider.serverless.serviceDir)),
    ...warmer.environment,
  };
  // It calls the Lambda API and nothing of the VPC; from inside it would need a NAT gateway or an endpoint for that.
  // Empty lists, because `deploy function` takes `false` for the provider's VPC.
  if (service.provider.vpc) warmer.vpc ??= { securityGroupIds: [], subnetIds: [] };
  if (provider.getCustomExecutionRole(warmer)) return rightsNeeded(described); // a role of the service's own choice
  service.resources ??= {};
  service.resources.Resources ??= {};
  const { Resources: resources } = service.resources;
  // A service that names its warmer may name the role too; one that does not may have a role by this id for another use.
  warmer.role = described.settings.warmer === null ? freeId(ROLE, resources) : ROLE;
  resources[warmer.role] ??= warmerRole(described, {
    iam: ownRoleSettings(service.provider),
    tracing: warmer.tracing ?? service.provider.tracing?.lambda ?? described.settings.tracing,
    kmsKeyArn: warmer.kmsKeyArn ?? service.provider.kmsKeyArn,
  });
  return null;
}

/** The logical id of something that the plugin adds, where the service has no resource of its own by that id. */
function freeId(id, own) {
  return own?.[id] ? `Pilotlight${id}` : id;
}

/** What a role must allow that the service chose for the warmer. */
function rightsNeeded({ warmer, targets }) {
  const names = targets.map(({ name, alias }) => functionArn(name, alias)['Fn::Sub']);
  return (
    `The role of ${warmer.key} is the service's own, so the plugin adds no rights to it. It needs lambda:InvokeFunction ` +
    `on ${names.join(', ')}, lambda:GetFunctionConcurrency on the same functions, and lambda:GetAccountSettings.`
  );
}

/** `provider.iam.role`, with the older names of osls. */
function ownRoleSettings({ iam, rolePermissionsBoundary }) {
  const { path, tags, permissionsBoundary, permissionBoundary } = iam?.role ?? {};
  return { path, tags, permissionsBoundary: permissionsBoundary ?? permissionBoundary ?? rolePermissionsBoundary };
}

/** Says by which schedule a tick could begin while the one before still runs, or null. */
function overlap({ key, timeout, ticks }) {
  for (const expression of ticks?.expressions ?? []) {
    const gap = gapSeconds(expression);
    if (gap !== null && gap <= timeout) {
      return (
        `The warmer may run for ${timeout} s, but ${expression} starts the next tick after ${gap} s: ` +
        `set functions.${key}.timeout below that, or a slower rate.`
      );
    }
  }
  return null;
}

module.exports = { completeWarmer, freeId, overlap };
