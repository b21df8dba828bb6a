'use strict';

// Packages the functions with pilotlight_build, so that deploy, package and deploy function ship the same zip: one for
// each runtime and architecture that the service has.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { localEndpoint } = require('./engine.cjs');
const { findPython, pythonEnvironment, venvPython, NO_PYTHON } = require('./python.cjs');

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

  /** Builds a zip for each platform and makes it the artifact of the functions that run there. */
  package() {
    const { service } = this.serverless;
    const own = platformOf(service.provider, {});
    for (const [platform, functions] of this.platforms()) {
      const isOwn = platform === own.name;
      const artifact = this.build(functions, isOwn ? service.service : `${service.service}-${platform}`);
      if (isOwn) service.package.artifact = artifact;
      else for (const each of functions) each.package = { ...each.package, artifact };
    }
  }

  /** The functions of each platform; for the engine on this machine, which has one Python, all are of one. */
  platforms() {
    const { service } = this.serverless;
    const found = new Map();
    for (const key of service.getAllFunctions()) {
      const each = service.getFunction(key);
      if (!each.handler) continue; // an image
      const { name } = platformOf(service.provider, localEndpoint() ? {} : each);
      found.set(name, [...(found.get(name) ?? []), each]);
    }
    return found;
  }

  /** Builds the zip of functions of one platform, and returns where it is. */
  build(functions, name) {
    const { service } = this.serverless;
    const local = localEndpoint();
    const { runtime, architecture } = platformOf(service.provider, functions[0]);
    const target = local ? ['--for-this-machine'] : ['--runtime', runtime, '--architecture', architecture];
    const repeated = (option, values) => values.map((value) => `${option}=${value}`);
    this.progress.get('main').notice('Building the Python package');
    const python = this.python();
    const built = spawnSync(
      python,
      [
        ...['-m', 'pilotlight_build.package', '--json', ...target],
        ...repeated('--pattern', service.package.patterns ?? []),
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
    const { artifact, build, bytes, sha256, notices } = JSON.parse(built.stdout);
    for (const notice of notices) this.log.warning(notice);
    const where = local ? `this machine, for the local engine at ${local}` : `${runtime} on ${architecture}`;
    const size = `${(bytes / 1e6).toFixed(2)} MB`;
    this.log.notice(`Package for ${where}: ${size}, build ${build}, sha256 ${sha256.slice(0, 12)}`);
    // Where osls puts its own package, and finds it for `--package FOLDER` too.
    const shipped = path.join(this.folder, '.serverless', `${name}.zip`);
    fs.mkdirSync(path.dirname(shipped), { recursive: true });
    fs.copyFileSync(path.resolve(this.folder, artifact), shipped);
    return shipped;
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
    return service.getAllFunctions().map((key) => platformOf(service.provider, service.getFunction(key)).runtime);
  }

  /** Finds a Python with pip: the project's own, or the machine's, so that a deployment needs no set-up. */
  python() {
    const python = findPython(this.folder);
    if (!python) throw this.error(NO_PYTHON, 'NO_PYTHON');
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
