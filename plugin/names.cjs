'use strict';

const { createHash } = require('node:crypto');

const MOST_ROLE_NAME_CHARACTERS = 64; // "CreateRole" in the IAM API Reference
const DIGITS = 6;

/** Returns `name` with `suffix`, in at most `most` characters: a longer one is cut, and a hash keeps it distinct. */
function shortened(name, suffix, most) {
  if (name.length + suffix.length <= most) return name + suffix;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, DIGITS);
  return `${name.slice(0, most - suffix.length - DIGITS - 1)}-${hash}${suffix}`;
}

module.exports = { MOST_ROLE_NAME_CHARACTERS, shortened };
