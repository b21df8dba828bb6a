'use strict';

// The warmer's role: its log, its traces, and the right to invoke exactly its targets.

const { functionArn, logArn } = require('../arns.cjs');
const { MOST_ROLE_NAME_CHARACTERS, shortened } = require('../names.cjs');

/**
 * The role as a resource. `osls` has the deploy tool's own settings for the role that it makes: `path`,
 * `permissionsBoundary` and `tags` of `provider.iam.role`, and the KMS key of the functions' environment variables.
 */
function warmerRole({ label, region, warmer, targets }, { iam, tracing, kmsKeyArn }) {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: shortened(label, `-${region}-warmer`, MOST_ROLE_NAME_CHARACTERS), // `sls deploy function` needs a name
      Path: iam.path ?? '/',
      ...(iam.permissionsBoundary ? { PermissionsBoundary: iam.permissionsBoundary } : {}),
      ...(iam.tags ? { Tags: Object.entries(iam.tags).map(([Key, Value]) => ({ Key, Value })) } : {}),
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [
        {
          PolicyName: 'warmer',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logArn(warmer.logGroup)]),
              ...(tracing ? [allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*')] : []),
              ...(kmsKeyArn ? [allow(['kms:Decrypt'], [kmsKeyArn])] : []),
              allow(['lambda:InvokeFunction'], unique(targets.map(({ name, alias }) => functionArn(name, alias)))),
              // To leave concurrency for users.
              allow(['lambda:GetFunctionConcurrency'], unique(targets.map(({ name }) => functionArn(name)))),
              allow(['lambda:GetAccountSettings'], '*'),
            ],
          },
        },
      ],
    },
  };
}

/** "*" is for actions without a resource: "Actions, resources, and condition keys" of X-Ray and of Lambda. */
function allow(actions, resources) {
  return { Effect: 'Allow', Action: actions, Resource: resources };
}

function unique(arns) {
  return [...new Map(arns.map((arn) => [JSON.stringify(arn), arn])).values()];
}

module.exports = { warmerRole };
