'use strict';

// The deployed warmer, through the Lambda API: waits until what it pings is updated, invokes it, reads its result.

const { setTimeout: sleep } = require('node:timers/promises');

const { moduleOfTool } = require('./deploy-tool.cjs');

const LONGEST_UPDATE_SECONDS = 60;
const POLL_MS = 500;
const LOOK_UP_MS = 10_000;
const SPARE_MS = 10_000; // for the network and for retries, beyond the warmer's own timeout

class DeployedWarmer {
  /** `awsConfig` returns the configuration of an SDK client; `error` makes one that osls prints without a stack. */
  constructor({ key, name, timeoutSeconds, awsConfig, log, progress, error }) {
    this.key = key;
    this.name = name;
    this.timeoutSeconds = timeoutSeconds;
    this.awsConfig = awsConfig;
    this.log = log;
    this.progress = progress;
    this.error = error;
  }

  /**
   * Waits until Lambda has updated these functions: before that, pings reach the version of before ("Lambda function
   * states" in the AWS documentation). What cannot be read is not waited for.
   */
  async waitForUpdates(functions) {
    const deadline = Date.now() + LONGEST_UPDATE_SECONDS * 1000;
    try {
      for (const name of functions) {
        while ((await this.isUpdating(name)) && Date.now() < deadline) {
          this.progress.notice(`Waiting until Lambda has updated ${name}`);
          await sleep(POLL_MS);
        }
      }
      if (Date.now() >= deadline)
        this.log.warning(
          `Lambda still updates after ${LONGEST_UPDATE_SECONDS} s: the tick may meet the version before`,
        );
    } catch (error) {
      if (error.code === 'PILOTLIGHT_UPDATE_FAILED') throw error;
      // A warmer or a target that is not deployed is reported by the invocation, with the way to mend it.
      if (error.name !== 'ResourceNotFoundException')
        this.log.notice(`Not waiting for updates, because their status could not be read: ${cause(error, LOOK_UP_MS)}`);
    } finally {
      this.progress.remove();
    }
  }

  async isUpdating(name) {
    const { GetFunctionConfigurationCommand } = moduleOfTool('@aws-sdk/client-lambda');
    const command = new GetFunctionConfigurationCommand({ FunctionName: name });
    const { LastUpdateStatus: status, ...update } = await this.send(command, LOOK_UP_MS);
    if (status === 'Failed') {
      const reason = update.LastUpdateStatusReason ?? update.LastUpdateStatusReasonCode ?? 'Lambda gives no reason';
      throw this.error(`The last update of ${name} failed: ${reason}`, 'UPDATE_FAILED');
    }
    return status === 'InProgress';
  }

  /** Runs one tick, with the warmer's own rights and with what it knows of earlier ticks, and returns its result. */
  async tick() {
    this.progress.notice('Warming');
    const longest = this.timeoutSeconds * 1000 + SPARE_MS;
    const { InvokeCommand } = moduleOfTool('@aws-sdk/client-lambda');
    let response;
    try {
      response = await this.send(new InvokeCommand({ FunctionName: this.name }), longest);
    } catch (error) {
      const reason =
        error.name === 'ResourceNotFoundException'
          ? 'it is not deployed: run `sls deploy` first'
          : cause(error, longest);
      throw this.error(`The warmer ${this.name} could not be invoked: ${reason}`, 'WARMER_NOT_INVOKED');
    } finally {
      this.progress.remove();
    }
    return this.read(Buffer.from(response.Payload ?? []).toString(), response.FunctionError);
  }

  read(text, functionError) {
    let payload = null;
    try {
      payload = JSON.parse(text || 'null');
    } catch {
      // told below as what it is
    }
    if (functionError) {
      const reason = payload?.errorMessage ?? functionError;
      throw this.error(`The warmer failed: ${reason}; see \`sls logs -f ${this.key}\``, 'WARMER_FAILED');
    }
    if (!Array.isArray(payload?.targets)) {
      const start = text.length > 200 ? `${text.slice(0, 200)}…` : text;
      throw this.error(`The warmer ${this.name} returned what is no result of a tick: ${start}`, 'NO_RESULT');
    }
    return payload;
  }

  async send(command, longestMs) {
    this.client ??= new (moduleOfTool('@aws-sdk/client-lambda').LambdaClient)(await this.awsConfig());
    return this.client.send(command, { abortSignal: AbortSignal.timeout(longestMs) });
  }
}

/** Returns an SDK error in one line, with its name: some have nothing else. */
function cause(error, longestMs) {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no response within ${longestMs / 1000} s`;
  return [error.name, error.message].filter(Boolean).join(': ');
}

module.exports = DeployedWarmer;
