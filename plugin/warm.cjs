'use strict';

// `sls warm`, which also runs at the end of `sls deploy`: runs one tick and reports what it proved.

const { createRequire } = require('node:module');

const STRICT = {
  usage: 'Fail if the tick after the deployment does not prove every execution environment warm',
  type: 'boolean',
};

class Warm {
  constructor(serverless, options, { log, progress, writeText }) {
    this.serverless = serverless;
    this.options = options;
    this.log = log;
    this.progress = progress;
    this.writeText = writeText;
    this.provider = serverless.getProvider('aws');
    this.commands = {
      deploy: { options: { 'strict-warm': STRICT } },
      warm: {
        usage: 'Warm the deployed service now, and print what was proved',
        lifecycleEvents: ['warm'],
        options: {
          'strict-warm': { ...STRICT, usage: 'Fail if the tick does not prove every execution environment warm' },
          json: { usage: "Print the tick's result as JSON", type: 'boolean' },
        },
      },
    };
    this.hooks = {
      'warm:warm': () => this.warm(),
      'after:deploy:finalize': () => this.warmAfterDeploy(),
    };
  }

  async warmAfterDeploy() {
    const { custom = {} } = this.serverless.service;
    const { schedule = {} } = this.warmer().events.find((event) => event.schedule) ?? {};
    if (custom.pilotlight?.warmAfterDeploy === false || schedule.enabled === false) return;
    await this.warm();
  }

  /** Runs one tick and reports it; incomplete coverage is a warning, or an error with --strict-warm. */
  async warm() {
    const result = await this.tick();
    if (this.options.json) this.writeText(JSON.stringify(result, null, 2));
    const short = [];
    for (const target of result.targets) {
      const summary = `${target.unique} of ${target.requested} environments of ${target.function} warm`;
      const causes = [target.stood_down, ...target.causes].filter(Boolean).join('; ');
      if (target.coverage >= 1) this.log.success(`${summary} (${target.cold} were cold${causes && `; ${causes}`})`);
      else short.push(`${summary}: ${causes}`);
    }
    for (const message of short) this.log.warning(message);
    if (short.length && this.options['strict-warm'])
      throw this.error(`The service is not warm. ${short.join('. ')}`, 'NOT_WARM');
  }

  /** Invokes the deployed warmer, which has the permission and keeps what it learns about holds for its next ticks. */
  async tick() {
    const { LambdaClient, InvokeCommand } = createRequire(require.resolve('serverless/package.json'))(
      '@aws-sdk/client-lambda',
    );
    const progress = this.progress.get('main');
    progress.notice('Warming');
    let response;
    try {
      const lambda = new LambdaClient(await this.provider.getAwsSdkV3Config());
      response = await lambda.send(new InvokeCommand({ FunctionName: this.warmer().name }));
    } catch (error) {
      const reason =
        error.name === 'ResourceNotFoundException' ? 'it is not deployed: run `sls deploy` first' : error.message;
      throw this.error(`The warmer ${this.warmer().name} could not be invoked: ${reason}`, 'WARMER_NOT_INVOKED');
    } finally {
      progress.remove();
    }
    const payload = JSON.parse(Buffer.from(response.Payload).toString() || 'null');
    if (response.FunctionError) {
      throw this.error(
        `The warmer failed: ${payload?.errorMessage ?? response.FunctionError}; see \`sls logs -f warmer\``,
        'WARMER_FAILED',
      );
    }
    return payload;
  }

  warmer() {
    return this.serverless.service.getFunction('warmer');
  }

  error(message, code) {
    return new this.serverless.classes.Error(message, `PILOTLIGHT_${code}`);
  }
}

module.exports = Warm;
