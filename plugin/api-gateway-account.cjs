'use strict';

// `apiGatewayAccount: auto`: reads the account's setting before a deployment, and lets the stack make it only where
// there is none.

const { moduleOfTool } = require('./deploy-tool.cjs');
const { ACCOUNT, ROLE, account } = require('./resources/account.cjs');

const LOOK_UP_MS = 10_000;

class ApiGatewayAccount {
  constructor(provider, log) {
    this.provider = provider;
    this.log = log;
  }

  /**
   * Returns the resources for `setting`: `auto`, `off`, or the ARN of a role. Only a deployment reads the account, since
   * a package may be made without credentials.
   */
  async resources(setting, deploying) {
    if (setting === 'off') return {};
    if (setting !== 'auto') return account(setting);
    if (!deploying) return {};
    // A stack that made the setting keeps it: without the resource, CloudFormation would no longer know it.
    if (await this.isInStack(ACCOUNT)) return account((await this.isInStack(ROLE)) ? null : await this.currentRole());
    return (await this.hasRole()) ? {} : account();
  }

  async hasRole() {
    try {
      return Boolean(await this.currentRole());
    } catch (error) {
      this.log.warning(
        `The account's role for API Gateway's logs could not be read (${error.name}: ${error.message}); the deployment ` +
          'leaves it as it is. Grant apigateway:GET on /account, or set `apiGatewayAccount` under custom.pilotlight to ' +
          '`off` or to the ARN of a role.',
      );
      return true;
    }
  }

  async currentRole() {
    const { APIGatewayClient, GetAccountCommand } = moduleOfTool('@aws-sdk/client-api-gateway');
    return (await this.send(APIGatewayClient, new GetAccountCommand({}))).cloudwatchRoleArn;
  }

  async isInStack(logicalId) {
    const { CloudFormationClient, DescribeStackResourceCommand } = moduleOfTool('@aws-sdk/client-cloudformation');
    const command = new DescribeStackResourceCommand({
      StackName: this.provider.naming.getStackName(),
      LogicalResourceId: logicalId,
    });
    try {
      const { StackResourceDetail: found } = await this.send(CloudFormationClient, command);
      return found.ResourceStatus !== 'DELETE_COMPLETE';
    } catch (error) {
      if (error.name === 'ValidationError' || /does not exist/.test(error.message)) return false;
      throw error;
    }
  }

  async send(Client, command) {
    const client = new Client(await this.provider.getAwsSdkV3Config());
    return client.send(command, { abortSignal: AbortSignal.timeout(LOOK_UP_MS) });
  }
}

module.exports = { ApiGatewayAccount };
