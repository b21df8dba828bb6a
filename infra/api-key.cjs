'use strict';

/** The API's keys: one with the parameter `apiKey`, or none. The names of keys are the account's for its region. */
module.exports.keys = async ({ resolveVariable, resolveConfigurationProperty }) => {
  const wanted = String(await resolveVariable('param:apiKey')) === 'true';
  return wanted ? [await resolveConfigurationProperty(['provider', 'apiName'])] : null;
};
