'use strict';

// The role that the deploy tool makes for the functions. `provider.iam.role` of serverless.yml gives it statements, a
// path, a permissions boundary and tags, and a VPC its rights.

const { logArn } = require('./arns.cjs');
const { MOST_ROLE_NAME_CHARACTERS, shortened } = require('./names.cjs');

/** Names the role where the name that osls would give it is longer than IAM takes. */
function shortenRoleName({ label, region }, provider) {
  const suffix = `-${region}-lambdaRole`; // naming.getRoleName of osls, which CloudFormation completes
  if (label.length + suffix.length <= MOST_ROLE_NAME_CHARACTERS) return;
  provider.iam ??= {};
  provider.iam.role ??= {};
  if (Object(provider.iam.role) === provider.iam.role)
    provider.iam.role.name ??= shortened(label, suffix, MOST_ROLE_NAME_CHARACTERS);
}

/**
 * Narrows the role's first two statements, which let it create and tag log groups, and write to every log group whose
 * name begins like the stack's (osls, merge-iam-templates.js). The stack makes a log group for each function, so the
 * functions need no more than to write to their own.
 */
function narrowLogRights(resources, { naming }, functions) {
  const role = resources[naming.getRoleLogicalId()];
  const [create, write, ...others] = role?.Properties.Policies[0].PolicyDocument.Statement ?? [];
  if (!create?.Action.includes('logs:CreateLogGroup') || !write?.Action.includes('logs:PutLogEvents')) return;
  const logs = functions.map(({ name }) => logArn(naming.getLogGroupName(name)));
  const own = { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: logs };
  // The functions that log are named, so nothing is left to be denied to those that do not.
  const isDenial = ({ Effect: effect, Action: action }) => effect === 'Deny' && action === 'logs:PutLogEvents';
  const rest = others.filter((statement) => !isDenial(statement));
  role.Properties.Policies[0].PolicyDocument.Statement = logs.length ? [own, ...rest] : rest;
}

module.exports = { narrowLogRights, shortenRoleName };
