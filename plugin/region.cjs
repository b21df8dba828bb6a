'use strict';

// The region of the AWS profile, so that one rule holds for the deploy tool and for everything else that reads AWS.

const { moduleOfTool } = require('./deploy-tool.cjs');

/** The `region` of the profile that AWS_PROFILE names, or of the default profile; null where it has none. */
module.exports.ofProfile = async ({ options }) => {
  const { loadSharedConfigFiles } = moduleOfTool('@smithy/core/config');
  const profile = options['aws-profile'] ?? process.env.AWS_PROFILE ?? process.env.AWS_DEFAULT_PROFILE ?? 'default';
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  return configFile[profile]?.region ?? credentialsFile[profile]?.region ?? null;
};
