'use strict';

const { createHash } = require('node:crypto');

const { moduleOfTool } = require('./deploy-tool.cjs');

const MOST_ROLE_NAME_CHARACTERS = 64; // "CreateRole" in the IAM API Reference
const MOST_FUNCTION_NAME_CHARACTERS = 64; // "CreateFunction" in the Lambda API Reference
const DIGITS = 6;
const MOST_MISSPELT = 2;

/** Returns `name` with `suffix`, in at most `most` characters: a longer one is cut, and a hash keeps it distinct. */
function shortened(name, suffix, most) {
  if (name.length + suffix.length <= most) return name + suffix;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, DIGITS);
  return `${name.slice(0, most - suffix.length - DIGITS - 1)}-${hash}${suffix}`;
}

/** A sentence that names the known word that was probably meant, or all of them. */
function nearest(word, known) {
  if (!known.length) return 'It has none.';
  const { closest, distance } = moduleOfTool('fastest-levenshtein');
  const near = closest(word, known);
  return distance(word, near) <= MOST_MISSPELT
    ? `Did you mean \`${near}\`?`
    : `Known are ${[...known].sort().join(', ')}.`;
}

module.exports = { MOST_FUNCTION_NAME_CHARACTERS, MOST_ROLE_NAME_CHARACTERS, nearest, shortened };
