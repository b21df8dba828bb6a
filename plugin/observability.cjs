'use strict';

// What the X-Ray groups, the dashboard and the alarms have in common: their names, and the filters that select user
// requests.

const { annotations } = require('./vocabulary.json');

const MOST_GROUP_NAME_CHARACTERS = 32; // "CreateGroup" in the X-Ray API Reference

async function names({ resolveConfigurationProperty }) {
  const service = await resolveConfigurationProperty(['provider', 'apiName']);
  const groups = { cold: `${service}-cold`, warm: `${service}-warm` };
  const long = Object.values(groups).find((name) => name.length > MOST_GROUP_NAME_CHARACTERS);
  if (long) {
    throw new Error(
      `The X-Ray group name "${long}" is longer than ${MOST_GROUP_NAME_CHARACTERS} characters: ` +
        'shorten `service` or the stage, or set the param xray to false.',
    );
  }
  return { service, groups };
}

/** Returns the filter for the service's user requests with or without a cold start, without the warmer's pings. */
function filter(service, coldStart) {
  return [
    `annotation[${annotations.service}] = "${service}"`,
    `annotation[${annotations.kind}] = "request"`,
    `annotation[${annotations.cold_start}] = ${coldStart}`,
  ].join(' AND ');
}

module.exports = {
  names,
  filter,
  coldGroup: async (variables) => (await names(variables)).groups.cold,
  warmGroup: async (variables) => (await names(variables)).groups.warm,
  coldFilter: async (variables) => filter((await names(variables)).service, true),
  warmFilter: async (variables) => filter((await names(variables)).service, false),
  /** Sampling rules identify a REST API's stage by "name/stage". */
  stageService: async (variables) =>
    `${(await names(variables)).service}/${await variables.resolveVariable('sls:stage')}`,
  alarmActions: async ({ resolveVariable }) => {
    const topic = await resolveVariable('param:alarmTopic');
    return topic ? [topic] : [];
  },
};
