'use strict';

// What AWS would refuse half-way through a deployment, or count against the account: said when packaging.

const { MOST_FUNCTION_NAME_CHARACTERS } = require('./names.cjs');

const MOST_VARIABLE_BYTES = 4096; // "Lambda quotas"
const MOST_GROUPS = 25; // of a region: "AWS X-Ray endpoints and quotas" in the AWS General Reference

/** Returns what is wrong with a compiled template, a line each. */
function wrongFunctions(resources) {
  return Object.values(resources)
    .filter(({ Type: type }) => type === 'AWS::Lambda::Function')
    .flatMap(({ Properties: { FunctionName: name, Environment: environment } }) => [
      ...wrongName(name),
      ...wrongVariables(name, environment?.Variables ?? {}),
    ]);
}

function wrongName(name) {
  if (typeof name !== 'string' || name.length <= MOST_FUNCTION_NAME_CHARACTERS) return [];
  return [
    `The function name ${name} has ${name.length} characters, and Lambda takes ${MOST_FUNCTION_NAME_CHARACTERS}: ` +
      'shorten `service` or the stage, or give the function a `name`.',
  ];
}

/** Values of CloudFormation, such as a reference, count as nothing: their length is not known here. */
function wrongVariables(name, variables) {
  const sizes = Object.entries(variables).map(([key, value]) => [
    key,
    Buffer.byteLength(key) + (typeof value === 'object' ? 0 : Buffer.byteLength(String(value))),
  ]);
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (bytes <= MOST_VARIABLE_BYTES) return [];
  const [largest, size] = sizes.reduce((most, each) => (each[1] > most[1] ? each : most));
  return [
    `The environment variables of ${name} have ${bytes} bytes, and Lambda takes ${MOST_VARIABLE_BYTES}: the largest is ` +
      `${largest} with ${size} bytes. ` +
      (largest === 'PILOTLIGHT_TARGETS'
        ? 'List fewer targets or windows under custom.pilotlight.targets.'
        : 'Move it to AWS Systems Manager Parameter Store, or into a file of the package.'),
  ];
}

/** A line about the X-Ray groups that the stage adds to its region, null where it adds none. */
function groupsNotice(resources) {
  const count = Object.values(resources).filter(({ Type: type }) => type === 'AWS::XRay::Group').length;
  if (!count) return null;
  return `X-Ray groups: ${count} of the ${MOST_GROUPS} that a region may have for all stages; \`observability: false\` needs none.`;
}

module.exports = { groupsNotice, wrongFunctions };
