'use strict';

// The stage of the REST API as a resource of the template (AWS::ApiGateway::Stage), where the service has one, and what
// must wait for it.

const { ACCOUNT } = require('../plugin/resources/account.cjs');

/** What names the stage by its name alone: CloudFormation cannot see that it must exist before. */
const NAMES_THE_STAGE = [
  'AWS::ApiGateway::UsagePlan',
  'AWS::ApiGateway::ApiKey',
  'AWS::ApiGateway::BasePathMapping',
  'AWS::WAFv2::WebACLAssociation',
];

/**
 * Gives the stage its deployment, whose logical id osls changes each time, and keeps osls from creating the stage.
 * Returns what is wrong with the stage's settings, or null.
 */
function completeStage(resources, { tags, detailedMetrics }) {
  const [deployment] = idsOf(resources, 'AWS::ApiGateway::Deployment');
  const [stage] = idsOf(resources, 'AWS::ApiGateway::Stage');
  if (!deployment || !stage) return null;
  const { Properties: properties } = resources[stage];
  delete resources[deployment].Properties.StageName;
  properties.DeploymentId = { Ref: deployment };
  // A deployment is a snapshot of the API, so its gateway responses must exist before it.
  dependsOn(resources[deployment], idsOf(resources, 'AWS::ApiGateway::GatewayResponse'));
  // API Gateway refuses an access log until the account has a role for it.
  dependsOn(
    resources[stage],
    [ACCOUNT].filter((id) => resources[id]),
  );
  for (const id of NAMES_THE_STAGE.flatMap((type) => idsOf(resources, type))) dependsOn(resources[id], [stage]);
  if (Object.keys(tags).length)
    properties.Tags ??= Object.entries(tags).map(([Key, Value]) => ({ Key, Value: String(Value) }));
  for (const settings of properties.MethodSettings ?? []) {
    settings.MetricsEnabled ??= detailedMetrics;
    const wrong = wrongThrottle(settings);
    if (wrong) return wrong;
  }
  return null;
}

/** Rates may be any number, bursts are whole: "Throttle requests to your REST APIs" in the API Gateway documentation. */
function wrongThrottle(settings) {
  for (const name of ['ThrottlingRateLimit', 'ThrottlingBurstLimit']) {
    if (settings[name] === undefined) continue;
    const limit = Number(settings[name]);
    if (!(limit >= 0) || (name === 'ThrottlingBurstLimit' && !Number.isInteger(limit)))
      return `${name} of the API's stage must be a number from 0 on (the burst a whole one), not ${settings[name]}.`;
    settings[name] = limit;
  }
  return null;
}

function idsOf(resources, type) {
  return Object.keys(resources).filter((id) => resources[id].Type === type);
}

function dependsOn(resource, ids) {
  const all = [...new Set([resource.DependsOn ?? [], ids].flat())];
  if (all.length) resource.DependsOn = all;
}

module.exports = { completeStage };
