'use strict';

// The rights of the functions' role to write logs, which the deploy tool makes wider than this API needs.

const { logArn } = require('../plugin/arns.cjs');

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

module.exports = { narrowLogRights };
