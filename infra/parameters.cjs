'use strict';

// Parameters of the command line. The deploy tool ignores one that no setting uses, so a misspelt one would deploy the
// stage without what was asked for.

const fs = require('node:fs');
const path = require('node:path');

const { nearest } = require('../plugin/names.cjs');
const { wrongUnit } = require('../plugin/schedule.cjs');

/** Returns what is wrong with the parameters of the command line, or null. */
function wrongParameter(serverless) {
  const given = serverless.processedInput.options.param ?? [];
  const declared = serverless.configurationInput?.params ?? {};
  if (!Object.keys(declared).length) return null;
  const wrongRate = Object.values(declared)
    .flatMap((stage) => Object.values(stage ?? {}).map(wrongUnit))
    .find(Boolean);
  if (wrongRate) return wrongRate;
  const known = new Set(Object.values(declared).flatMap((stage) => Object.keys(stage ?? {})));
  for (const assignment of given) {
    const [name, value] = split(assignment);
    if (!known.has(name) && !usedIn(serverless, name)) return unknown(name, [...known]);
    const wrong = wrongType(name, value, declared.default?.[name]);
    if (wrong) return wrong;
  }
  return null;
}

function split(assignment) {
  const end = assignment.indexOf('=');
  return end < 0 ? [assignment, ''] : [assignment.slice(0, end), assignment.slice(end + 1)];
}

/** A parameter without a default is declared by its use alone. */
function usedIn({ serviceDir, configurationFilename }, name) {
  const source = fs.readFileSync(path.join(serviceDir, configurationFilename), 'utf8');
  return new RegExp(`param:\\s*${name.replace(/\W/g, '\\$&')}\\b`).test(source);
}

function unknown(name, known) {
  return `--param ${name} is not known: \`params\` of serverless.yml has no such parameter. ${nearest(name, known)}`;
}

/** Values have the type of the parameter's default: the command line has only text. */
function wrongType(name, value, standard) {
  if (typeof standard === 'boolean' && !['true', 'false'].includes(value))
    return `--param ${name}=${value} is not possible: ${name} is true or false.`;
  if (typeof standard === 'number' && (value.trim() === '' || !Number.isFinite(Number(value))) && value !== 'auto')
    return `--param ${name}=${value} is not possible: ${name} is a number, such as ${standard}.`;
  return wrongUnit(value);
}

/** Says that `params` name other stages than `--stage`, or null: any name is possible, and a misspelt one too. */
function unknownStage({ processedInput, configurationInput }) {
  const { stage } = processedInput.options;
  const named = Object.keys(configurationInput?.params ?? {}).filter((name) => name !== 'default');
  if (!stage || !named.length || named.includes(stage)) return null;
  return `Stage ${stage} has no \`params\` of its own in serverless.yml, so the defaults apply. ${nearest(stage, named)}`;
}

module.exports = { unknownStage, wrongParameter };
