'use strict';

// The warmer's function, completed in the service object: what it pings, by which role, and outside the VPC.

const { warmerRole } = require('./resources/warmer-role.cjs');
const { gapSeconds } = require('./schedule.cjs');
const { WARMER } = require('./service.cjs');
const { resolveTargets } = require('./targets.cjs');

const ROLE = 'WarmerRole';

/** Sets what the warmer's function in serverless.yml leaves open. Throws an Error for targets that are wrong. */
function completeWarmer(described, service, provider) {
  const warmer = service.getFunction(WARMER);
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
  if (provider.getCustomExecutionRole(warmer)) return; // a role of the service's own choice
  warmer.role = ROLE;
  service.resources ??= {};
  service.resources.Resources ??= {};
  service.resources.Resources[ROLE] ??= warmerRole(described, {
    iam: ownRoleSettings(service.provider),
    tracing: warmer.tracing ?? service.provider.tracing?.lambda,
    kmsKeyArn: warmer.kmsKeyArn ?? service.provider.kmsKeyArn,
  });
}

/** `provider.iam.role`, with the older names of osls. */
function ownRoleSettings({ iam, rolePermissionsBoundary }) {
  const { path, tags, permissionsBoundary, permissionBoundary } = iam?.role ?? {};
  return { path, tags, permissionsBoundary: permissionsBoundary ?? permissionBoundary ?? rolePermissionsBoundary };
}

/** Says by which schedule a tick could begin while the one before still runs, or null. */
function overlap({ timeout, ticks }) {
  for (const expression of ticks?.expressions ?? []) {
    const gap = gapSeconds(expression);
    if (gap !== null && gap <= timeout) {
      return (
        `The warmer may run for ${timeout} s, but ${expression} starts the next tick after ${gap} s: ` +
        `set functions.${WARMER}.timeout below that, or a slower rate.`
      );
    }
  }
  return null;
}

module.exports = { completeWarmer, overlap };
