'use strict';

// `sls warm`, which also runs after each deployment: runs one tick and reports what it proved.

const DeployedWarmer = require('./deployed-warmer.cjs');
const { describeService } = require('./service.cjs');

const STRICT = {
  usage: 'Fail if the tick after the deployment does not prove every execution environment warm',
  type: 'boolean',
};

/** How to make room for all pings, where concurrency is too small. */
const MORE_ROOM = {
  account:
    'Raise "Concurrent executions" of AWS Lambda in Service Quotas (quota code L-B99A9384; "Lambda quotas" in the ' +
    'AWS documentation), or set a lower `concurrency`.',
  function: "Raise the function's `reservedConcurrency`, or set a lower `concurrency`.",
};

class Warm {
  /** `error` makes one that osls prints without a stack. */
  constructor(serverless, options, { log, progress, writeText, error }) {
    this.serverless = serverless;
    this.options = options;
    this.log = log;
    this.progress = progress;
    this.writeText = writeText;
    this.error = error;
    this.provider = serverless.getProvider('aws');
    this.command = {
      usage: 'Warm the deployed service now, and print what was proved',
      lifecycleEvents: ['warm'],
      options: {
        'strict-warm': { ...STRICT, usage: 'Fail if the tick does not prove every execution environment warm' },
        json: { usage: "Print the tick's result as JSON", type: 'boolean' },
      },
    };
  }

  /**
   * Warms what was deployed, after the deploy tool has reported its deployment, which succeeded, whatever comes now:
   * only --strict-warm makes it an error.
   */
  async warmAfterDeployment() {
    const { warmer, settings } = describeService(this.serverless);
    if (!warmer?.ticks || !settings.warmAfterDeploy) return;
    try {
      await this.warm();
    } catch (error) {
      if (this.options['strict-warm']) throw error;
      this.log.warning(`The service is deployed, but it is not proved warm. ${error.message}`);
    }
  }

  /** Runs one tick and reports it; incomplete coverage is a warning, or an error with --strict-warm. */
  async warm() {
    const service = describeService(this.serverless);
    if (!service.warmer)
      throw this.error(
        'There is no warmer: custom.pilotlight has no `targets`, the functions to keep warm',
        'NO_WARMER',
      );
    const warmer = this.deployedWarmer(service);
    await warmer.waitForUpdates([service.warmer, ...service.targets].map(({ name }) => name));
    const result = await warmer.tick();
    if (this.options.json) this.writeText(JSON.stringify(result, null, 2));
    const short = this.report(result.targets);
    if (short.length && this.options['strict-warm'])
      throw this.error(`The service is not warm. ${short.join('. ')}`, 'NOT_WARM');
  }

  /** Logs what each target proved, and returns a line for each that fell short. */
  report(targets) {
    for (const target of targets.filter(({ coverage }) => coverage >= 1)) {
      const causes = causesOf(target);
      const init = target.init_p50_ms === undefined ? '' : `, init ${Math.round(target.init_p50_ms)} ms`;
      this.log.success(`${summary(target)} (${target.cold} were cold${init}${causes && `; ${causes}`})`);
    }
    const short = targets.filter(({ coverage }) => !(coverage >= 1));
    const describe = (target) => `${summary(target)}: ${causesOf(target)}`;
    // What fits was proved: no fault of this tick, and said once for all targets, with what to do.
    const limited = short.filter((target) => isLimited(target) && target.complete);
    for (const target of short.filter((each) => !limited.includes(each))) this.log.warning(describe(target));
    const advice = new Set(short.filter(isLimited).map((target) => MORE_ROOM[limitOf(target)]));
    if (advice.size) this.log.warning([...limited.map((target) => `${describe(target)}.`), ...advice].join(' '));
    return short.map(describe);
  }

  deployedWarmer({ warmer }) {
    return new DeployedWarmer({
      key: warmer.key,
      name: warmer.name,
      timeoutSeconds: warmer.timeout,
      awsConfig: () => this.provider.getAwsSdkV3Config(),
      log: this.log,
      progress: this.progress.get('main'),
      error: this.error,
    });
  }
}

function summary({ unique, requested, function: name }) {
  return `${unique} of ${requested} environments of ${name} warm`;
}

function causesOf({ stood_down: stoodDown, causes = [] }) {
  return [stoodDown, ...causes].filter(Boolean).join('; ');
}

function isLimited(target) {
  return target.limited_to !== undefined;
}

/** Returns whose concurrency is too small, from the cause that pilotlight/warming/headroom.py gives. */
function limitOf({ causes = [] }) {
  return causes.some((cause) => cause.includes("function's reserved concurrency")) ? 'function' : 'account';
}

module.exports = { Warm, STRICT };
