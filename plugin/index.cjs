'use strict';

// The plugin for osls: what happens when. The parts say how.
//
// - when it loads: refuses another deploy tool, declares its settings and commands;
// - before a command: checks parameters, and completes the service with what its targets need;
// - when packaging: builds the zip, adds the resources that depend on targets, checks the template;
// - after a deployment: one tick, which proves what was deployed.

const { ApiGatewayAccount } = require('./api-gateway-account.cjs');
const { requireOsls } = require('./deploy-tool.cjs');
const { localEndpoint, withoutDomains, withoutUnsupported } = require('./engine.cjs');
const { narrowLogRights, shortenRoleName } = require('./functions-role.cjs');
const { groupsNotice, wrongFunctions } = require('./limits.cjs');
const Packaging = require('./package.cjs');
const { wrongParameter } = require('./parameters.cjs');
const { wrongAlias } = require('./qualifiers.cjs');
const { alarms } = require('./resources/alarms.cjs');
const { dashboard } = require('./resources/dashboard.cjs');
const { xray } = require('./resources/x-ray.cjs');
const { expressionsOf, wrongUnit } = require('./schedule.cjs');
const { describeService } = require('./service.cjs');
const { schema } = require('./settings.cjs');
const { completeStage } = require('./stage.cjs');
const { Warm, STRICT } = require('./warm.cjs');
const { completeWarmer, overlap } = require('./warmer.cjs');

/** The commands that read the functions' environment variables and roles, or print them. */
const READS_FUNCTIONS = ['deploy', 'deploy function', 'package', 'package function', 'invoke local', 'print'];
/** The commands after which functions run other code than before. */
const DEPLOYS = ['deploy', 'deploy function', 'rollback', 'rollback function'];

class Pilotlight {
  constructor(serverless, options, { log, progress, writeText }) {
    requireOsls(serverless);
    // Its SDK recommends a newer Node than 20 at each command; package.json says which are supported.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    serverless.configSchemaHandler.defineCustomProperties(schema);
    this.serverless = serverless;
    this.checkInput();
    this.log = log;
    this.provider = serverless.getProvider('aws');
    const error = (message, code) => this.error(message, code);
    this.packaging = new Packaging(serverless, { log, progress, error });
    this.warming = new Warm(serverless, options, { log, progress, writeText, error });
    const strict = { 'strict-warm': STRICT };
    this.commands = {
      deploy: { options: strict, commands: { function: { options: strict } } },
      rollback: { options: strict, commands: { function: { options: strict } } },
      warm: this.warming.command,
    };
    this.hooks = {
      initialize: () => this.completeService(),
      'before:package:createDeploymentArtifacts': () => this.packaging.package(),
      'before:package:function:package': () => this.packaging.package(),
      'before:aws:package:finalize:mergeCustomProviderResources': () => this.addResources(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.completeTemplate(),
      'before:invoke:local:invoke': () => this.packaging.offerPython(),
      'warm:warm': () => this.warming.warm(),
      finalize: () => (this.runs(DEPLOYS) ? this.warming.warmAfterDeployment() : null),
    };
  }

  /** Whether the command that runs is one of these. */
  runs(commands) {
    return commands.includes(this.serverless.processedInput.commands.join(' '));
  }

  /** Checks what the deploy tool's own schema passes, or refuses without a remedy. */
  checkInput() {
    if (!this.serverless.configurationInput || !this.runs(READS_FUNCTIONS)) return;
    this.stopWhere(wrongParameter(this.serverless));
    const functions = Object.values(this.serverless.configurationInput.functions ?? {});
    const rates = functions.flatMap((each) => expressionsOf(each ?? {}));
    this.stopWhere(rates.map(wrongUnit).find(Boolean));
  }

  /** Completes the service before any command reads it, so that packaging, `deploy function` and `invoke local` agree. */
  completeService() {
    if (!this.serverless.serviceDir || !this.runs(READS_FUNCTIONS)) return;
    const { service } = this.serverless;
    this.described = describeService(this.serverless);
    // osls would make a function whose role may create and pass any role; the plugin makes the account's role itself.
    const { restApi } = service.provider.logs ?? {};
    if (restApi) service.provider.logs.restApi = { ...Object(restApi), roleManagedExternally: true };
    const { label, settings } = this.described;
    shortenRoleName(this.described, service.provider);
    service.provider.environment = { PILOTLIGHT_SERVICE: label, ...service.provider.environment };
    if (settings.metricsNamespace !== 'Pilotlight')
      service.provider.environment.PILOTLIGHT_METRICS_NAMESPACE ??= settings.metricsNamespace;
    if (settings.exceptionMessages) service.provider.environment.PILOTLIGHT_EXCEPTION_MESSAGES ??= 'true';
    if (this.described.warmer) {
      this.stopWhere(overlap(this.described.warmer));
      this.try(() => completeWarmer(this.described, service, this.provider));
    }
    if (localEndpoint() && withoutDomains(service.custom))
      this.log.notice(`Custom domains are switched off for the local engine at ${localEndpoint()}.`);
  }

  /** Adds what depends on the targets, before the service's own `resources`, which can change or extend all of it. */
  async addResources() {
    const { service } = this.serverless;
    const { Resources: resources } = service.provider.compiledCloudFormationTemplate;
    const { described } = this;
    const ofAlarms = alarms(described, described.targets);
    const names = Object.values(ofAlarms).map(({ Properties: properties }) => properties.AlarmName);
    const { apiGatewayAccount } = described.settings;
    const account = new ApiGatewayAccount(this.provider, this.log);
    Object.assign(
      resources,
      xray(described),
      ofAlarms,
      dashboard(described, described.targets, names),
      service.provider.logs?.restApi ? await account.resources(apiGatewayAccount, this.runs(['deploy'])) : {},
    );
    const withDefaultRole = service
      .getAllFunctions()
      .map((key) => service.getFunction(key))
      .filter((each) => !this.provider.getCustomExecutionRole(each) && !each.disableLogs);
    narrowLogRights(resources, this.provider, withDefaultRole);
  }

  /** Completes the merged template, and stops before a deployment that AWS would refuse or that would prove nothing. */
  completeTemplate() {
    const { service } = this.serverless;
    const { provider } = service;
    const { Resources: resources } = provider.compiledCloudFormationTemplate;
    const local = localEndpoint();
    const left = local ? withoutUnsupported(resources) : [];
    if (left.length) this.log.notice(`Left out because the engine at ${local} cannot make them: ${left.join(', ')}.`);
    this.stopWhere(
      completeStage(resources, {
        tags: { ...provider.stackTags, ...provider.tags },
        detailedMetrics: provider.apiGateway?.metrics ?? false,
      }),
    );
    for (const target of this.described.targets) this.stopWhere(wrongAlias(target, resources));
    this.stopWhere(wrongFunctions(resources)[0]);
    const notice = groupsNotice(resources);
    if (notice) this.log.notice(notice);
  }

  try(action) {
    try {
      action();
    } catch (error) {
      throw this.error(error.message, 'CONFIGURATION');
    }
  }

  stopWhere(problem) {
    if (problem) throw this.error(problem, 'CONFIGURATION');
  }

  /** An error that osls prints without a stack. */
  error(message, code) {
    return new this.serverless.classes.Error(message, `PILOTLIGHT_${code}`);
  }
}

module.exports = Pilotlight;
