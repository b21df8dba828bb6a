'use strict';

const PREFIX = { lambda: 'function', logs: 'log-group' };

/** The ARN of a function, or of its alias, as CloudFormation completes it. */
function functionArn(name, alias = null) {
  return arn('lambda', alias ? `${name}:${alias}` : name);
}

/** The ARN of the log streams of a log group. */
function logArn(logGroup) {
  return arn('logs', `${logGroup}:*`);
}

function arn(service, name) {
  return {
    'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${PREFIX[service]}:${name}`,
  };
}

module.exports = { functionArn, logArn };
