// The environment variables of every process that the set-up starts, made here and nowhere else.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { moduleFolders } from './packages.mjs';
import { inRoot } from './project.mjs';

/** What makes Python look elsewhere for modules than in the project and in .venv. */
const misleadingPython =
  /^PYTHON(SAFEPATH|HOME|PLATLIBDIR|NOUSERSITE|USERBASE|EXECUTABLE|IOENCODING|LEGACYWINDOWS\w+)$/;
/** npm's settings for its own script (a log level, a dry run) and those that would leave packages out. */
const ofScript =
  /^npm_(config_(loglevel|dry_run|json|silent|omit|include|only|also|production|global|location)$|lifecycle|package|command)/i;
/** uv's own list of certificates lacks those of a company whose proxy reads TLS. */
const hasCertificates = process.platform !== 'linux' || fs.existsSync('/etc/ssl/certs');

/** Returns the variables of the command after `--`: programs of .venv and node_modules first, and text is UTF-8. */
export function commandEnvironment(binaries) {
  const variables = {
    ...(hasCertificates ? { UV_SYSTEM_CERTS: 'true', UV_NATIVE_TLS: 'true' } : {}),
    ...kept((name) => !misleadingPython.test(name)),
    VIRTUAL_ENV: inRoot('.venv'),
    PYTHONUTF8: '1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const modules = [...moduleFolders.map((folder) => inRoot(folder)), process.env.PYTHONPATH].filter(Boolean);
  if (modules.length) variables.PYTHONPATH = modules.join(path.delimiter);
  // The deploy tool keeps its compiled schemas in the home folder.
  if (!isHomeWritable()) variables.SLS_SCHEMA_CACHE_BASE_DIR ??= inRoot('build', 'home');
  const pathName = Object.keys(variables).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  variables[pathName] = [binaries, inRoot('node_modules', '.bin'), variables[pathName]].join(path.delimiter);
  return variables;
}

/** Returns the variables of npm and pip. */
export function installEnvironment() {
  const isForThem = (name) => !ofScript.test(name) && !misleadingPython.test(name) && name !== 'NODE_ENV';
  const variables = { ...kept(isForThem), PYTHONUTF8: '1' };
  // npm tells its scripts which cache it uses: by default one in the home folder.
  const isInHome = (variables.npm_config_cache ?? os.homedir()).startsWith(os.homedir());
  if (isInHome && !isHomeWritable()) variables.npm_config_cache = inRoot('build', 'home', '.npm');
  return variables;
}

function kept(isKept) {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isKept(name)));
}

function isHomeWritable() {
  try {
    fs.accessSync(os.homedir(), fs.constants.W_OK);
    return fs.statSync(os.homedir()).isDirectory();
  } catch {
    return false;
  }
}
