'use strict';

// A deployment to an engine on this machine instead of AWS: what the engine cannot do is left out, and said.

/** Returns the endpoint of an engine on this machine, or null for AWS. */
function localEndpoint() {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  if (!endpoint) return null;
  const { hostname } = new URL(endpoint);
  return /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname) ? endpoint : null;
}

/** Turns off the domains of serverless-domain-manager: they are DNS records and certificates of AWS. */
function withoutDomains(custom = {}) {
  const domains = [custom.customDomain, ...[custom.customDomains ?? []].flat()].filter(Boolean);
  const byKind = (domain) => [domain, domain.rest, domain.http, domain.websocket].filter(Boolean);
  for (const domain of domains.flatMap(byKind)) domain.enabled = false;
  return domains.length;
}

/** Removes from a template what the engine cannot make, and returns the ids: X-Ray, and alarms on metric math. */
function withoutUnsupported(resources) {
  const isUnsupported = ({ Type: type, Properties: properties }) =>
    type.startsWith('AWS::XRay::') || (type === 'AWS::CloudWatch::Alarm' && properties.Metrics);
  const left = Object.keys(resources).filter((id) => isUnsupported(resources[id]));
  for (const id of left) delete resources[id];
  return left;
}

/** Rewrites the addresses of APIs that the deploy tool prints, which are AWS's, to those at which the engine answers. */
function nameLocalAddresses(serviceOutputs) {
  const local = localEndpoint()?.replace(/\/$/, '');
  const renamed = (text) =>
    text.replace(/https:\/\/(\w+)\.execute-api\.[\w-]+\.amazonaws\.com[\w.]*/g, `${local}/_aws/execute-api/$1`);
  for (const name of local ? ['endpoint', 'endpoints'] : []) {
    const value = serviceOutputs.get(name);
    if (value) serviceOutputs.set(name, Array.isArray(value) ? value.map(renamed) : renamed(value));
  }
}

module.exports = { localEndpoint, nameLocalAddresses, withoutDomains, withoutUnsupported };
