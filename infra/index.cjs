'use strict';

// What is this API's alone, as a plugin of the deploy tool: parameters are checked, the stage of stage.yml is completed,
// and the functions' role is narrowed. Other services that use Pilotlight keep their own ways in all three.

const { narrowLogRights } = require('./log-rights.cjs');
const { unknownStage, wrongParameter } = require('./parameters.cjs');
const { completeStage } = require('./stage.cjs');

/** The commands that read parameters for a deployment, or print what they make of it. */
const READS_PARAMETERS = ['deploy', 'deploy function', 'package', 'package function', 'invoke local', 'print'];

class Api {
  constructor(serverless, _, { log }) {
    this.serverless = serverless;
    this.provider = serverless.getProvider('aws');
    const { commands } = serverless.processedInput;
    if (serverless.configurationInput && READS_PARAMETERS.includes(commands.join(' '))) {
      this.stopWhere(wrongParameter(serverless));
      const notice = unknownStage(serverless);
      if (notice) log.warning(notice);
    }
    this.hooks = {
      'before:aws:package:finalize:mergeCustomProviderResources': () => this.narrowRole(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.completeStage(),
    };
  }

  /** Before the service's own `resources`, which can change or extend the role. */
  narrowRole() {
    const { service } = this.serverless;
    const withDefaultRole = service
      .getAllFunctions()
      .map((key) => service.getFunction(key))
      .filter((each) => !this.provider.getCustomExecutionRole(each) && !each.disableLogs);
    narrowLogRights(service.provider.compiledCloudFormationTemplate.Resources, this.provider, withDefaultRole);
  }

  completeStage() {
    const { provider } = this.serverless.service;
    const settings = {
      tags: { ...provider.stackTags, ...provider.tags },
      detailedMetrics: provider.apiGateway?.metrics ?? false,
    };
    this.stopWhere(completeStage(provider.compiledCloudFormationTemplate.Resources, settings));
  }

  /** An error that osls prints without a stack. */
  stopWhere(problem) {
    if (problem) throw new this.serverless.classes.Error(problem, 'PILOTLIGHT_CONFIGURATION');
  }
}

module.exports = Api;
