'use strict';

// Packages the functions with pilotlight_build, so that deploy, package and deploy function ship the same zips.

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { elsewhereOf } = require('./elsewhere.cjs');
const { localEndpoint } = require('./engine.cjs');
const { packagesOf, platformOf } = require('./packages.cjs');
const { findPython, pilotlightFolder, pythonEnvironment, venvPython, NO_PYTHON_TO_PACKAGE } = require('./python.cjs');
const { UNUSED, isLean } = require('./runtime-client.cjs');
const { settingsOf } = require('./settings.cjs');

const windows = process.platform === 'win32';
const BUILDS = 'pilotlight-builds.json';
/**
 * osls gives a function the terminal, which `breakpoint()` reads, where `tty` finds one; and asks that of the pipe that it
 * sends the event through. This one asks it of the terminal that the command was typed in.
 */
const TTY = ['tty', 'command -p tty </dev/tty'];
const NO_PATTERNS =
  '`packaging: pilotlight` ships what package.patterns lists, and nothing else, and there is no such list: write the ' +
  "functions' modules into serverless.yml, such as `package: { patterns: ['!**', orders.py, 'shop/**'] }`.";

class Packaging {
  /** `error` makes one that osls prints without a stack. */
  constructor(serverless, { log, progress, error }) {
    this.serverless = serverless;
    this.log = log;
    this.progress = progress;
    this.error = error;
    this.folder = serverless.serviceDir;
    this.built = [];
  }

  /** Builds the zips, and makes them the artifacts of their functions; `only` is the key of the one to package. */
  package(only = null) {
    const { service } = this.serverless;
    for (const each of packagesOf(service, only)) {
      const result = this.build(each);
      this.built.push({ ...each, ...result });
      if (each.ofService) service.package.artifact = result.artifact;
      for (const key of each.keys) {
        const { package: own } = service.getFunction(key);
        if (!each.ofService || own?.individually || service.package.individually)
          service.getFunction(key).package = { ...own, artifact: result.artifact };
      }
    }
    if (localEndpoint() && this.built.length) this.noteBuilds();
    for (const notice of new Set(this.built.flatMap(({ notices }) => notices))) this.log.warning(notice);
    for (const line of new Set(this.built.flatMap(({ left_out: files }) => files.map(describeLeftOut))))
      this.log.info(line);
  }

  hasBuilt(key) {
    return this.built.some(({ keys }) => keys.includes(key));
  }

  /** The builds of the functions that have another package than function `key`, by their keys. */
  buildsBeside(key) {
    const beside = this.built.filter(({ keys }) => !keys.includes(key));
    return Object.fromEntries(beside.flatMap(({ keys, build }) => keys.map((each) => [each, build])));
  }

  /** After all plugins have packaged: says what is really shipped, and of which size. */
  announce() {
    const { service } = this.serverless;
    const local = localEndpoint();
    for (const { keys, platform, build, sha256: made, artifact: before } of this.built) {
      const artifact = service.getFunction(keys[0]).package?.artifact ?? service.package.artifact ?? before;
      const content = fs.readFileSync(path.resolve(this.folder, artifact));
      const sha256 = createHash('sha256').update(content).digest('hex');
      const where = local ? `this machine, for the local engine at ${local}` : describe(platform);
      const whose = this.built.length > 1 ? ` (${keys.join(', ')})` : '';
      const size = `${(content.length / 1e6).toFixed(2)} MB`;
      this.log.notice(`Package for ${where}${whose}: ${size}, build ${build}, sha256 ${sha256.slice(0, 12)}`);
      if (sha256 !== made)
        this.log.warning(
          `Another plugin has changed the package of ${keys.join(', ')} after it was built; its build ${build} is that ` +
            'of before. Let only one of the plugins package.',
        );
    }
  }

  /** Builds a zip, and returns what the builder says of it, with where it is shipped from. */
  build({ name, keys, patterns, handlers, platform }) {
    if (!patterns.length) throw this.error(NO_PATTERNS, 'NO_PATTERNS');
    const target = platform
      ? ['--runtime', platform.runtime, '--architecture', platform.architecture]
      : ['--for-this-machine'];
    this.progress.get('main').notice('Building the Python package');
    const cache = path.join(this.folder, 'node_modules', '.cache', 'pilotlight');
    const python = this.python();
    const elsewhere = elsewhereOf(this.serverless, keys);
    // `-P`: modules of the service must not be taken for the standard library's.
    const args = [
      ...['-P', '-m', 'pilotlight_build.package', '--json', ...target],
      ...repeated('--pattern', [...patterns, ...(isLean(settingsOf(this.serverless.service)) ? [] : UNUSED)]),
      ...repeated('--handler', [...handlers, ...elsewhere.redirected]),
      ...repeated('--layer', elsewhere.layers),
      ...repeated('--has-layers', elsewhere.layered),
      ...repeated('--python-path', elsewhere.pythonPath),
      ...this.options(),
      ...['--cache', cache, '--output', path.join(cache, 'packages', `${name}-${nameOf(platform)}.zip`)],
    ];
    const env = pythonEnvironment();
    const built = spawnSync(python, args, { cwd: this.folder, encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 });
    if (built.status !== 0)
      throw this.error(built.stderr?.trim() || `${python} did not run: ${built.error?.message}`, 'PACKAGING');
    const result = JSON.parse(built.stdout);
    return { ...result, artifact: this.shipped(name, result), command: [python, ...args] };
  }

  /** Notes how the packages were built: `npm start` builds them again when a file is saved, without the deploy tool. */
  noteBuilds() {
    const packages = this.built.map(({ keys, patterns, sha256, command }) => ({ keys, patterns, sha256, command }));
    const noted = { pythonPath: pythonEnvironment().PYTHONPATH, packages };
    fs.writeFileSync(path.join(this.folder, '.serverless', BUILDS), JSON.stringify(noted));
  }

  options() {
    const { keep, provided, requireHashes, shipBoto3 } = settingsOf(this.serverless.service);
    return [
      ...repeated('--provided', provided),
      ...repeated('--keep', keep),
      ...(requireHashes ? ['--require-hashes'] : []),
      ...(shipBoto3 ? ['--ship-boto3'] : []),
    ];
  }

  /** Puts a package where osls puts its own, and finds it for `--package FOLDER` too; its bill of materials beside it. */
  shipped(name, { artifact, bill_of_materials: bill }) {
    const folder = path.join(this.folder, '.serverless');
    const shipped = path.join(folder, `${name}.zip`);
    fs.mkdirSync(folder, { recursive: true });
    fs.copyFileSync(path.resolve(this.folder, artifact), shipped);
    fs.copyFileSync(path.resolve(this.folder, bill), path.join(folder, `${name}.cdx.json`));
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
      const commands = [...new Set([...runtimes, 'python3'])].map((name) => [
        name,
        `exec '${program.replaceAll("'", "'\\''")}' "$@"`,
      ]);
      for (const [name, command] of [...commands, TTY])
        fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
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

function repeated(option, values) {
  return values.map((value) => `${option}=${value}`);
}

function describeLeftOut({ pattern, reason, files, bytes }) {
  return `Left out of the dependencies: ${pattern} (files: ${files}, ${(bytes / 1e6).toFixed(2)} MB): ${reason}`;
}

function describe({ runtime, architecture }) {
  return `${runtime} on ${architecture}`;
}

function nameOf(platform) {
  return platform ? `${platform.runtime}-${platform.architecture}` : 'this-machine';
}

module.exports = Packaging;
