'use strict';

// X-Ray's settings for a service: how much is traced, and the groups of its user requests: all of them, the cold ones
// and the others. Pings and ticks are in none.

const { shortened } = require('../names.cjs');
const { annotations } = require('../vocabulary.json');

const MOST_NAME_CHARACTERS = 32; // of a group and of a rule: "CreateGroup" and "SamplingRule" in the X-Ray API Reference
const MOST_SERVICE_CHARACTERS = 64; // "SamplingRule"

/** The resources by logical id; none where the settings leave X-Ray out. */
function xray(service) {
  if (!service.settings.observability) return {};
  const names = groupNames(service.label);
  const filters = filtersOf(service.label);
  const group = (of) => ({
    Type: 'AWS::XRay::Group',
    Properties: { GroupName: names[of], FilterExpression: filters[of] },
  });
  const groups = { UserRequests: group('all'), ColdRequests: group('cold'), WarmRequests: group('warm') };
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

/** The names of the three groups. */
function groupNames(label) {
  const name = (suffix) => shortened(label, suffix, MOST_NAME_CHARACTERS);
  return { all: name('-requests'), cold: name('-cold'), warm: name('-warm') };
}

/** The filter expressions of the three groups: "Use filter expressions" in the X-Ray Developer Guide. */
function filtersOf(label) {
  const all = `annotation[${annotations.service}] = "${label}" AND annotation[${annotations.kind}] = "request"`;
  const withColdStart = (value) => `${all} AND annotation[${annotations.cold_start}] = ${value}`;
  return { all, cold: withColdStart(true), warm: withColdStart(false) };
}

module.exports = { xray, filtersOf, groupNames };
