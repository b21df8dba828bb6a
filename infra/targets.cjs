'use strict';

// custom.pilotlight.targets of serverless.yml in the two forms it is needed in: what the warmer reads, and the ARNs
// that its role allows. One list, so that the warmer can invoke exactly what it is told to.

async function targets({ resolveConfigurationProperty }) {
  const listed = await resolveConfigurationProperty(['custom', 'pilotlight', 'targets']);
  const service = await resolveConfigurationProperty(['provider', 'apiName']);
  return Promise.all((listed ?? []).map(async (target, index) => {
    const where = `custom.pilotlight.targets[${index}]`;
    // Only these two: to ask for the whole of `functions` would be to ask for what is being worked out here.
    const handler = await resolveConfigurationProperty(['functions', target.function, 'handler']);
    const name = await resolveConfigurationProperty(['functions', target.function, 'name']);
    if (!handler) throw new Error(`${where}: there is no function "${target.function}" in serverless.yml.`);
    const concurrency = Number(target.concurrency);
    if (!Number.isInteger(concurrency) || concurrency < 0) {
      throw new Error(`${where}.concurrency must be a whole number, not ${JSON.stringify(target.concurrency)}.`);
    }
    return { function: name ?? `${service}-${target.function}`, concurrency };
  }));
}

module.exports.environment = async (variables) => JSON.stringify(await targets(variables));

module.exports.arns = async (variables) =>
  (await targets(variables)).map(({ function: name }) => ({
    'Fn::Sub': `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:${name}`,
  }));
