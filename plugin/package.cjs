'use strict';

// The project's plugin for osls, for what serverless.yml cannot express.
//
// - packages the functions with pilotlight_build, so that deploy, package and deploy function ship the same zip;
// - gives the API's stage its deployment (infra/stage.yml), and removes what a stage or the local engine does not use;
// - lets `sls invoke local` use the project's own Python.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { findPython, pythonEnvironment, venvPython, NO_PYTHON } = require('./python.cjs');
const { gapSeconds } = require('./schedule.cjs');

const windows = process.platform === 'win32';

class Pilotlight {
  constructor(serverless, _options, { log, progress }) {
    this.serverless = serverless;
    this.log = log;
    this.progress = progress;
    this.folder = serverless.serviceDir;
    this.hooks = {
      initialize: () => this.fitLocalEngine(),
      'before:package:createDeploymentArtifacts': () => this.package(),
      'before:package:function:package': () => this.package(),
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.completeTemplate(),
      'before:invoke:local:invoke': () => this.offerPython(),
    };
  }

  /** Turns off what AWS can do and the engine on this machine cannot. */
  fitLocalEngine() {
    if (!localEndpoint()) return;
    // osls sets the account's role for API Gateway's logs with a function that needs an SDK that only Lambda has.
    this.serverless.service.provider.logs.restApi.roleManagedExternally = true;
  }

  /** Builds the zip and makes it the artifact of every function. */
  package() {
    this.checkSchedule();
    const { service } = this.serverless;
    const functions = service.getAllFunctions().map((name) => service.getFunction(name));
    const python = this.python();
    const { runtime = 'python3.13', architecture = 'x86_64' } = service.provider;
    const local = localEndpoint();
    const target = local ? ['--for-this-machine'] : ['--runtime', runtime, '--architecture', architecture];
    const repeated = (option, values) => values.flatMap((value) => [`${option}=${value}`]);
    this.progress.get('main').notice('Building the Python package');
    const built = spawnSync(
      python,
      [
        ...['-m', 'pilotlight_build.package', '--json', ...target],
        ...repeated('--pattern', service.package.patterns ?? []),
        ...repeated(
          '--handler',
          functions.filter(({ handler }) => handler).map(({ handler }) => handler),
        ),
        ...['--cache', path.join(this.folder, 'node_modules', '.cache', 'pilotlight')],
      ],
      { cwd: this.folder, encoding: 'utf8', env: pythonEnvironment() },
    );
    if (built.status !== 0)
      throw this.error(built.stderr?.trim() || `${python} did not run: ${built.error?.message}`, 'PACKAGING');
    const { artifact, build, bytes, sha256, notices } = JSON.parse(built.stdout);
    for (const notice of notices) this.log.warning(notice);
    const where = local ? `this machine, for the local engine at ${local}` : `${runtime} on ${architecture}`;
    const size = `${(bytes / 1e6).toFixed(2)} MB`;
    this.log.notice(`Package for ${where}: ${size}, build ${build}, sha256 ${sha256.slice(0, 12)}`);
    // Where osls puts its own package, and finds it for `--package FOLDER` too.
    const shipped = path.join(this.folder, '.serverless', `${service.service}.zip`);
    fs.mkdirSync(path.dirname(shipped), { recursive: true });
    fs.copyFileSync(path.resolve(this.folder, artifact), shipped);
    service.package.artifact = shipped;
  }

  /** Refuses a schedule by which a tick could begin while the one before still runs. */
  checkSchedule() {
    const { service } = this.serverless;
    if (!service.getAllFunctions().includes('warmer')) return;
    const { events = [], timeout = service.provider.timeout ?? 6 } = service.getFunction('warmer');
    for (const { schedule } of events) {
      if (!schedule || schedule.enabled === false) continue;
      for (const expression of [schedule.rate ?? schedule].flat()) {
        const gap = gapSeconds(expression);
        if (gap === null || gap > timeout) continue;
        throw this.error(
          `The warmer may run for ${timeout} s, but ${expression} starts the next tick after ${gap} s: ` +
            'set functions.warmer.timeout below that, or a slower rate.',
          'OVERLAPPING_TICKS',
        );
      }
    }
  }

  /** Completes the compiled template. */
  completeTemplate() {
    const { Resources: resources } = this.serverless.service.provider.compiledCloudFormationTemplate;
    this.leaveOut(resources);
    const [deployment] = Object.keys(resources).filter((id) => resources[id].Type === 'AWS::ApiGateway::Deployment');
    if (deployment && resources.ApiStage) {
      delete resources[deployment].Properties.StageName;
      resources.ApiStage.Properties.DeploymentId = { Ref: deployment };
      // A deployment is a snapshot of the API, so its gateway responses must exist before it.
      const own = Object.keys(resources).filter((id) => resources[id].Type === 'AWS::ApiGateway::GatewayResponse');
      resources[deployment].DependsOn = [resources[deployment].DependsOn ?? [], own].flat();
      // API Gateway refuses an access log until the account has a role for it, which this resource of osls sets.
      const account = Object.keys(resources).filter((id) => resources[id].Type === 'Custom::ApiGatewayAccountRole');
      if (account.length) resources.ApiStage.DependsOn = account;
    }
  }

  /** Removes X-Ray's and CloudWatch's resources for a stage without them, and X-Ray's for the local engine. */
  leaveOut(resources) {
    const wanted = this.serverless.service.custom?.pilotlight?.xray !== false;
    const local = localEndpoint();
    const left = Object.keys(resources).filter((id) => {
      const { Type: type } = resources[id];
      return type.startsWith('AWS::XRay::') ? !wanted || local : type.startsWith('AWS::CloudWatch::') && !wanted;
    });
    for (const id of left) delete resources[id];
    if (wanted && local && left.length)
      this.log.notice(`Left out because the engine at ${local} has no X-Ray: ${left.join(', ')}`);
  }

  /**
   * osls runs a function with a command named like its runtime, python3.13, which many machines lack. Puts such a
   * command first on PATH: it runs the Python of .venv, which has the dependencies, or else the machine's Python.
   */
  offerPython() {
    const python = venvPython(this.folder) ?? this.python();
    const version = spawnSync(python, ['--version'], { encoding: 'utf8' }).stdout?.trim().split(' ')[1] ?? '';
    const runtimes = new Set(this.runtimes());
    if (![...runtimes].every((runtime) => version.startsWith(`${runtime.replace('python', '')}.`))) {
      this.log.notice(`Running with this machine's Python ${version}; Lambda runs ${[...runtimes].join(', ')}.`);
    }
    const folder = windows ? path.dirname(python) : path.join(this.folder, '.serverless', 'bin');
    if (!windows) {
      fs.mkdirSync(folder, { recursive: true });
      for (const name of runtimes) {
        fs.writeFileSync(path.join(folder, name), `#!/bin/sh\nexec '${python.replaceAll("'", "'\\''")}' "$@"\n`, {
          mode: 0o755,
        });
      }
    }
    process.env.PATH = [folder, process.env.PATH].join(path.delimiter);
  }

  runtimes() {
    const { service } = this.serverless;
    return service.getAllFunctions().map((name) => service.getFunction(name).runtime ?? service.provider.runtime);
  }

  /** Finds a Python with pip: the project's own, or the machine's, so that a deployment needs no set-up. */
  python() {
    const python = findPython(this.folder);
    if (!python) throw this.error(NO_PYTHON, 'NO_PYTHON');
    return python;
  }

  error(message, code) {
    return new this.serverless.classes.Error(message, `PILOTLIGHT_${code}`);
  }
}

/** Returns the endpoint of an engine on this machine, or null for AWS. */
function localEndpoint() {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  if (!endpoint) return null;
  const { hostname } = new URL(endpoint);
  return /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname) ? endpoint : null;
}

module.exports = Pilotlight;
