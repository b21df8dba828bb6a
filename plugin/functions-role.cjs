'use strict';

// The role that the deploy tool makes for the functions. `provider.iam.role` of serverless.yml gives it statements, a
// path, a permissions boundary and tags, and a VPC its rights.

const { MOST_ROLE_NAME_CHARACTERS, shortened } = require('./names.cjs');

/** Names the role where the name that osls would give it is longer than IAM takes; a role that exists has a name. */
function shortenRoleName({ label, region }, provider, isExisting) {
  const suffix = `-${region}-lambdaRole`; // naming.getRoleName of osls, which CloudFormation completes
  if (label.length + suffix.length <= MOST_ROLE_NAME_CHARACTERS) return;
  if (isExisting(provider.iam?.role)) return;
  provider.iam ??= {};
  provider.iam.role ??= {};
  provider.iam.role.name ??= shortened(label, suffix, MOST_ROLE_NAME_CHARACTERS);
}

module.exports = { shortenRoleName };
