'use strict';

// Packages the functions with pilotlight_build, so that deploy, package and deploy function ship the same zip: one for
// each runtime and architecture that the service has.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { localEndpoint } = require('./engine.cjs');
const { findPython, pilotlightFolder, pythonEnvironment, venvPython, NO_PYTHON_TO_PACKAGE } = require('./python.cjs');
const { settingsOf } = require('./settings.cjs');

const windows = process.platform === 'win32';
const DEFAULT_RUNTIME = 'python3.13';
const DEFAULT_ARCHITECTURE = 'x86_64'; // of Lambda

class Packaging {
  /** `error` makes one that osls prints without a stack. */
  constructor(serverless, { log, progress, error }) {
    this.serverless = serverless;
    this.log = log;
    this.progress = progress;
    this.error = error;
    this.folder = serverless.serviceDir;
  }

  /** Builds the zips, and makes them the artifacts of their functions. */
  package() {
    const { service } = this.serverless;
    for (const group of this.groups()) {
      const artifact = this.build(group);
      if (group.name === service.service) service.package.artifact = artifact;
      else for (const each of group.functions) each.package = { ...each.package, artifact };
    }
  }

  /**
   * The functions that share a zip: those of one platform, unless they are packaged individually. For the engine on this
   * machine, which has one Python, all are of one platform. Others package images, and what names its own artifact.
   */
  groups() {
    const { service } = this.serverless;
    const found = new Map();
    const ownPlatform = platformOf(service.provider, {}).name;
    for (const key of service.getAllFunctions()) {
      const each = service.getFunction(key);
      if (!each.handler || each.package?.artifact || each.package?.disable) continue;
      const isAlone = each.package?.individually ?? service.package.individually;
      const platform = platformOf(service.provider, localEndpoint() ? {} : each).name;
      const shared = platform === ownPlatform ? service.service : `${service.service}-${platform}`;
      const name = isAlone ? key : shared;
      const patterns = [...(service.package.patterns ?? []), ...((isAlone && each.package?.patterns) || [])];
      found.set(name, { name, patterns, functions: [...(found.get(name)?.functions ?? []), each] });
    }
    return [...found.values()];
  }

  /** Builds a zip, and returns where it is. */
  build({ name, patterns, functions }) {
    const { service } = this.serverless;
    const local = localEndpoint();
    const settings = settingsOf(service);
    const { runtime, architecture } = platformOf(service.provider, functions[0]);
    const target = local ? ['--for-this-machine'] : ['--runtime', runtime, '--architecture', architecture];
    const repeated = (option, values) => values.map((value) => `${option}=${value}`);
    this.progress.get('main').notice('Building the Python package');
    const python = this.python();
    const built = spawnSync(
      python,
      [
        ...['-m', 'pilotlight_build.package', '--json', ...target],
        ...repeated('--pattern', patterns),
        ...repeated('--provided', settings.provided),
        ...repeated('--keep', settings.keep),
        ...(settings.requireHashes ? ['--require-hashes'] : []),
        ...(settings.shipBoto3 ? ['--ship-boto3'] : []),
        ...repeated(
          '--handler',
          functions.map(({ handler }) => handler),
        ),
        ...['--cache', path.join(this.folder, 'node_modules', '.cache', 'pilotlight')],
      ],
      { cwd: this.folder, encoding: 'utf8', env: pythonEnvironment() },
    );
    if (built.status !== 0)
      throw this.error(built.stderr?.trim() || `${python} did not run: ${built.error?.message}`, 'PACKAGING');
    const { artifact, build, bytes, sha256, notices, bill_of_materials: bill } = JSON.parse(built.stdout);
    for (const notice of notices) this.log.warning(notice);
    const where = local ? `this machine, for the local engine at ${local}` : `${runtime} on ${architecture}`;
    const size = `${(bytes / 1e6).toFixed(2)} MB`;
    this.log.notice(`Package for ${where}: ${size}, build ${build}, sha256 ${sha256.slice(0, 12)}`);
    // Where osls puts its own package, and finds it for `--package FOLDER` too.
    const shipped = path.join(this.folder, '.serverless', `${name}.zip`);
    fs.mkdirSync(path.dirname(shipped), { recursive: true });
    fs.copyFileSync(path.resolve(this.folder, artifact), shipped);
    fs.copyFileSync(path.resolve(this.folder, bill), path.join(this.folder, '.serverless', `${name}.cdx.json`));
    return shipped;
  }

  /** osls runs functions with `python3`. Lets that be the Python of .venv, which has the dependencies, if there is one. */
  offerPython() {
    this.putFirst(venvPython(this.folder) ?? this.python());
  }

  /** The same for the warmer that the plugin adds: it runs the plugin's own copy, and needs boto3 alone. */
  offerWarmer() {
    const python = findPython(this.folder, 'boto3');
    if (!python)
      throw this.error(
        'The warmer calls AWS by boto3, and no Python of this machine has it: `pip install boto3`.',
        'NO_BOTO3',
      );
    this.putFirst(python);
    process.env.PYTHONPATH = [pilotlightFolder(), process.env.PYTHONPATH].filter(Boolean).join(path.delimiter);
    process.env.PYTHONDONTWRITEBYTECODE = '1';
  }

  putFirst(python) {
    const version = spawnSync(python, ['--version'], { encoding: 'utf8' }).stdout?.trim().split(' ')[1] ?? '';
    const runtimes = new Set(this.runtimes());
    if (![...runtimes].every((runtime) => version.startsWith(`${runtime.replace('python', '')}.`))) {
      this.log.notice(`Running with this machine's Python ${version}; Lambda runs ${[...runtimes].join(', ')}.`);
    }
    const folder = windows ? path.dirname(python) : path.join(this.folder, '.serverless', 'bin');
    if (!windows) {
      const program = spawnSync(python, ['-c', 'import sys; print(sys.executable)'], {
        encoding: 'utf8',
      }).stdout.trim();
      fs.mkdirSync(folder, { recursive: true });
      for (const name of new Set([...runtimes, 'python3'])) {
        fs.writeFileSync(path.join(folder, name), `#!/bin/sh\nexec '${program.replaceAll("'", "'\\''")}' "$@"\n`, {
          mode: 0o755,
        });
      }
    }
    process.env.PATH = [folder, process.env.PATH].join(path.delimiter);
  }

  runtimes() {
    const { service } = this.serverless;
    const found = service
      .getAllFunctions()
      .map((key) => platformOf(service.provider, service.getFunction(key)).runtime);
    return found.filter((runtime) => runtime.startsWith('python'));
  }

  /** Finds a Python with pip: the project's own, or the machine's, so that a deployment needs no set-up. */
  python() {
    const python = findPython(this.folder, 'pip');
    if (!python) throw this.error(NO_PYTHON_TO_PACKAGE, 'NO_PYTHON');
    return python;
  }
}

/** Where a function runs; `name` tells the platforms of a service apart. */
function platformOf(provider, { runtime, architecture }) {
  const found = {
    runtime: runtime ?? provider.runtime ?? DEFAULT_RUNTIME,
    architecture: architecture ?? provider.architecture ?? DEFAULT_ARCHITECTURE,
  };
  return { ...found, name: `${found.runtime}-${found.architecture}` };
}

module.exports = Packaging;
