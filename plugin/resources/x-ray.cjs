'use strict';

// X-Ray's settings for a service: how much is traced, and the two groups whose trace counts give the cold-start rate.

const { shortened } = require('../names.cjs');
const { annotations } = require('../vocabulary.json');

const MOST_NAME_CHARACTERS = 32; // of a group and of a rule: "CreateGroup" and "SamplingRule" in the X-Ray API Reference
const MOST_SERVICE_CHARACTERS = 64; // "SamplingRule"

/** The resources by logical id; none where the settings leave X-Ray out. */
function xray(service) {
  if (!service.settings.observability) return {};
  const group = (name, coldStart) => ({
    Type: 'AWS::XRay::Group',
    Properties: { GroupName: name, FilterExpression: filter(service.label, coldStart) },
  });
  const { cold, warm } = groupNames(service.label);
  const groups = { ColdRequests: group(cold, true), WarmRequests: group(warm, false) };
  return service.api ? { ...groups, Sampling: samplingRule(service) } : groups;
}

/** The stage decides for the whole request: Lambda follows it and does not apply its own default of 5 %. */
function samplingRule({ label, api, stage, settings }) {
  return {
    Type: 'AWS::XRay::SamplingRule',
    Properties: {
      SamplingRule: {
        RuleName: shortened(label, '', MOST_NAME_CHARACTERS),
        Priority: 1000,
        ServiceName: ofStage(api, stage),
        ServiceType: 'AWS::ApiGateway::Stage',
        ReservoirSize: 1,
        FixedRate: settings.sampling,
        Host: '*',
        HTTPMethod: '*',
        URLPath: '*',
        ResourceARN: '*',
        Version: 1,
      },
    },
  };
}

/** Sampling rules identify a REST API's stage by "name/stage", and take wildcards. */
function ofStage(api, stage) {
  const name = `${api}/${stage}`;
  return name.length > MOST_SERVICE_CHARACTERS ? `${name.slice(0, MOST_SERVICE_CHARACTERS - 1)}*` : name;
}

function groupNames(label) {
  return {
    cold: shortened(label, '-cold', MOST_NAME_CHARACTERS),
    warm: shortened(label, '-warm', MOST_NAME_CHARACTERS),
  };
}

/** Returns the filter for the service's user requests with or without a cold start, without the warmer's pings. */
function filter(label, coldStart) {
  return [
    `annotation[${annotations.service}] = "${label}"`,
    `annotation[${annotations.kind}] = "request"`,
    `annotation[${annotations.cold_start}] = ${coldStart}`,
  ].join(' AND ');
}

module.exports = { xray, filter, groupNames };
