'use strict';

// The plugin for osls: what happens when. The parts say how.
//
// - when it loads: refuses another deploy tool, declares its settings and commands;
// - before a command: checks settings, adds the warmer where the service has none, and completes the service with what
//   its targets need;
// - when packaging: packages the warmer, and with `packaging: pilotlight` the service; adds the resources that depend on
//   targets; looks into the targets' packages; checks the template;
// - after a deployment: one tick, which proves what was deployed.

const { addWarmer, buildWarmer } = require('./added-warmer.cjs');
const { ApiGatewayAccount } = require('./api-gateway-account.cjs');
const { inspectArtifacts } = require('./artifacts.cjs');
const { requireOsls } = require('./deploy-tool.cjs');
const { localEndpoint, nameLocalAddresses, withoutDomains, withoutUnsupported } = require('./engine.cjs');
const { shortenRoleName } = require('./functions-role.cjs');
const { groupsNotice, wrongFunctions } = require('./limits.cjs');
const Packaging = require('./package.cjs');
const { wrongAlias } = require('./qualifiers.cjs');
const { alarms } = require('./resources/alarms.cjs');
const { dashboard } = require('./resources/dashboard.cjs');
const { xray } = require('./resources/x-ray.cjs');
const { replacedWrapper, setWrapper } = require('./runtime-client.cjs');
const { expressionsOf, wrongUnit } = require('./schedule.cjs');
const { describeService, pluginsOf } = require('./service.cjs');
const { ADDED_WARMER, PYTHON_REQUIREMENTS, isActive, renamed, schema, wrongSettings } = require('./settings.cjs');
const { switchTracingOn, traceStage, withoutRights } = require('./tracing.cjs');
const { expectBuilds, setBuilds, setVariables } = require('./variables.cjs');
const { Warm, STRICT } = require('./warm.cjs');
const { completeWarmer, freeId, overlap } = require('./warmer.cjs');

/** The commands that read the functions' environment variables and roles, or print them. */
const READS_FUNCTIONS = ['deploy', 'deploy function', 'package', 'package function', 'invoke local', 'print'];
/** The commands that name functions. To others, such as those of serverless-offline, the service is as it is written. */
const NAMES_FUNCTIONS = [
  ...READS_FUNCTIONS,
  ...['deploy list', 'deploy list functions', 'info', 'invoke', 'logs', 'metrics', 'remove'],
  ...['rollback', 'rollback function', 'warm'],
];
/** The commands that are told what the plugin leaves to the service. */
const PACKAGES = ['deploy', 'package'];
/** The commands that package one function alone. */
const ONE_FUNCTION = ['deploy function', 'package function'];
/** The commands after which functions run other code than before. */
const DEPLOYS = ['deploy', 'deploy function', 'rollback', 'rollback function'];

class Pilotlight {
  constructor(serverless, options, { log, progress, writeText }) {
    requireOsls(serverless);
    // Its SDK recommends a newer Node than 20 at each command; package.json says which are supported.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    serverless.configSchemaHandler.defineCustomProperties(schema);
    this.serverless = serverless;
    this.options = options;
    this.stopWhere(renamed(serverless.configurationInput?.custom));
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
      'before:package:createDeploymentArtifacts': () => this.package(),
      'before:package:function:package': () => this.package(),
      'before:package:compileFunctions': () => this.finishPackages(),
      'before:deploy:function:deploy': () => {
        this.finishPackages();
        this.packaging.announce();
      },
      'before:aws:package:finalize:mergeCustomProviderResources': () => this.addResources(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.completeTemplate(),
      'before:aws:package:finalize:saveServiceState': () => this.packaging.announce(),
      'before:invoke:local:invoke': () => this.prepareLocalRun(),
      'after:aws:info:displayEndpoints': () => nameLocalAddresses(serverless.serviceOutputs),
      'warm:warm': () => this.warming.warm(),
      finalize: () => (this.hasDeployed ? this.warming.warmAfterDeployment() : null),
    };
  }

  /** Whether the command that runs is one of these. */
  runs(commands) {
    return commands.includes(this.serverless.processedInput.commands.join(' '));
  }

  /** The one function that the command is about, null for all. */
  get only() {
    return this.runs(ONE_FUNCTION) ? (this.options.function ?? null) : null;
  }

  /** `sls rollback` without a timestamp only lists what it could roll back to. */
  get hasDeployed() {
    return this.runs(DEPLOYS) && !(this.runs(['rollback']) && !this.options.timestamp);
  }

  /** Completes the service before any command reads it, so that packaging, `deploy function` and `invoke local` agree. */
  completeService() {
    if (!this.serverless.serviceDir || !this.runs(NAMES_FUNCTIONS)) return;
    const { service } = this.serverless;
    this.described = describeService(this.serverless);
    const { settings } = this.described;
    if (!isActive(settings)) {
      if (this.runs(PACKAGES))
        this.log.notice('Pilotlight does nothing: custom.pilotlight has no `targets`, the functions to keep warm.');
      return;
    }
    this.checkSettings();
    if (settings.warmer === null) {
      addWarmer(service, this.described);
      this.described = describeService(this.serverless);
    }
    if (this.runs(READS_FUNCTIONS)) this.completeFunctions();
    if (localEndpoint() && withoutDomains(service.custom))
      this.log.notice(`Custom domains are switched off for the local engine at ${localEndpoint()}.`);
  }

  /** A stack can be removed, and its logs be read, whatever has become of the settings. */
  checkSettings() {
    if (!this.runs([...READS_FUNCTIONS, 'warm'])) return;
    const { service } = this.serverless;
    this.stopWhere(
      wrongSettings(service.custom?.pilotlight, {
        settings: this.described.settings,
        api: this.described.api,
        functions: service.getAllFunctions(),
        plugins: pluginsOf(service),
      }),
    );
    const functions = service.getAllFunctions().map((key) => service.getFunction(key));
    const rates = [this.described.settings.rate, ...functions.flatMap(expressionsOf)];
    this.stopWhere(rates.map(wrongUnit).find(Boolean));
  }

  completeFunctions() {
    const { described, provider } = this;
    const { service } = this.serverless;
    const { settings, warmer, targets } = described;
    const keys = [warmer, ...targets].map(({ key }) => key);
    // osls would make a function whose role may create and pass any role; the plugin makes the account's role itself.
    const { restApi } = service.provider.logs ?? {};
    // The local engine needs no such role, and could not run that function.
    if (restApi && (settings.apiGatewayAccount !== null || localEndpoint()))
      service.provider.logs.restApi = { ...Object(restApi), roleManagedExternally: true };
    shortenRoleName(described, service.provider, (role) => provider.isExistingRoleProvided(role));
    setVariables(service, described, keys);
    this.stopWhere(setWrapper(service, described));
    this.stopWhere(overlap(warmer));
    const ofRole = this.try(() => completeWarmer(described, service, provider));
    const tracing = switchTracingOn(service, provider, described, keys);
    this.switchedOn = tracing.switchedOn;
    const notices = [
      ofRole,
      tracing.notice,
      traceStage(service.provider, described),
      settings.packaging === null && pluginsOf(service).includes(PYTHON_REQUIREMENTS)
        ? `Packaging is left to ${PYTHON_REQUIREMENTS}.`
        : null,
    ];
    if (this.runs(PACKAGES)) for (const notice of notices.filter(Boolean)) this.log.notice(`Pilotlight: ${notice}`);
  }

  get isActive() {
    return Boolean(this.described?.warmer);
  }

  get addsWarmer() {
    return this.isActive && this.described.settings.warmer === null;
  }

  package() {
    if (!this.isActive) return;
    if (this.addsWarmer) this.try(() => buildWarmer(this.serverless.serviceDir));
    if (this.described.settings.packaging === 'pilotlight') this.packaging.package(this.only);
  }

  /** After all plugins have packaged: the warmer as it was, and a look into what the targets got. */
  finishPackages() {
    if (!this.isActive) return;
    const { errors, warnings, builds } = this.try(() => {
      if (this.addsWarmer) buildWarmer(this.serverless.serviceDir);
      return inspectArtifacts(this.serverless, this.described, this.only);
    });
    for (const warning of warnings) this.log.warning(warning);
    this.stopWhere(errors.join(' '));
    const { service } = this.serverless;
    const builtByOthers = Object.fromEntries(Object.entries(builds).filter(([key]) => !this.packaging.hasBuilt(key)));
    setBuilds(service, builtByOthers);
    // A function that is deployed alone leaves the warmer as it is.
    if (this.only !== null) return;
    const { warmer } = this.described;
    expectBuilds(service, this.described, { ...builtByOthers, ...this.packaging.buildsBeside(warmer.key) });
  }

  /** Adds what depends on the targets, before the service's own `resources`, which can change or extend all of it. */
  async addResources() {
    if (!this.isActive) return;
    const { service } = this.serverless;
    const { described } = this;
    const ofAlarms = alarms(described, described.targets);
    const names = Object.values(ofAlarms).map(({ Properties: properties }) => properties.AlarmName);
    const added = { ...xray(described), ...ofAlarms, ...dashboard(described, described.targets, names) };
    const own = service.resources?.Resources;
    Object.assign(
      service.provider.compiledCloudFormationTemplate.Resources,
      Object.fromEntries(Object.entries(added).map(([id, resource]) => [freeId(id, own), resource])),
      await this.account(),
    );
  }

  async account() {
    const { apiGatewayAccount } = this.described.settings;
    if (apiGatewayAccount === null || !this.serverless.service.provider.logs?.restApi) return {};
    return new ApiGatewayAccount(this.provider, this.log).resources(apiGatewayAccount, this.runs(['deploy']));
  }

  /** Checks the merged template, and stops before a deployment that AWS would refuse or that would prove nothing. */
  completeTemplate() {
    if (!this.isActive) return;
    const { Resources: resources } = this.serverless.service.provider.compiledCloudFormationTemplate;
    const local = localEndpoint();
    const left = local ? withoutUnsupported(resources) : [];
    if (left.length) this.log.notice(`Left out because the engine at ${local} cannot make them: ${left.join(', ')}.`);
    for (const target of this.described.targets) this.stopWhere(wrongAlias(target, resources));
    this.stopWhere(replacedWrapper(resources, this.described));
    this.stopWhere(wrongFunctions(resources)[0]);
    for (const warning of withoutRights(resources, this.described, this.switchedOn)) this.log.warning(warning);
    const notice = groupsNotice(resources);
    if (notice) this.log.notice(notice);
  }

  /** The service's functions run locally as they do without the plugin, unless it packages them too. */
  prepareLocalRun() {
    if (!this.isActive) return;
    if (this.addsWarmer && this.options.function === ADDED_WARMER) this.packaging.offerWarmer();
    else if (this.described.settings.packaging === 'pilotlight') this.packaging.offerPython();
  }

  try(action) {
    try {
      return action();
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
