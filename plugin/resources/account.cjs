'use strict';

// The role by which API Gateway writes access logs: one for the account and the region, whatever the number of APIs.
// "Permissions for CloudWatch logging" in the API Gateway Developer Guide.

const ACCOUNT = 'ApiGatewayAccount';
const ROLE = 'ApiGatewayAccountRole';

/**
 * The account's setting with a role of its own, or with the role of an ARN. Both stay when the stack is removed, since
 * the account's other APIs log by them; the role has no name, so that a stack made anew does not collide with it.
 */
function account(roleArn = null) {
  const kept = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };
  const setting = (arn) => ({
    [ACCOUNT]: { Type: 'AWS::ApiGateway::Account', ...kept, Properties: { CloudWatchRoleArn: arn } },
  });
  if (roleArn) return setting(roleArn);
  const role = {
    Type: 'AWS::IAM::Role',
    ...kept,
    Properties: {
      Description: 'API Gateway writes logs by this role, for every API of this account in this region.',
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'apigateway.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      ManagedPolicyArns: [
        { 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs' },
      ],
    },
  };
  return { [ROLE]: role, ...setting({ 'Fn::GetAtt': [ROLE, 'Arn'] }) };
}

module.exports = { ACCOUNT, ROLE, account };
