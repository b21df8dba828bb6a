'use strict';

// The alias by which users reach a function. osls gives some functions an alias and aims every event at it; execution
// environments of an alias's version are a pool of their own, which pings without the alias never reach.

const LATEST = '$LATEST';

/** Returns the alias that osls gives a function, null for none. It is known before osls compiles anything. */
function aliasOf({ durableConfig, provisionedConcurrency, snapStart }, naming) {
  if (durableConfig) return naming.getLambdaDurableAliasName();
  if (provisionedConcurrency) return naming.getLambdaProvisionedConcurrencyAliasName();
  return snapStart ? naming.getLambdaSnapStartEnabledAliasName() : null;
}

/**
 * Says where the compiled API reaches a target by another alias than the pings; null where both agree, and for a
 * target that the API does not reach.
 */
function wrongAlias({ key, name, alias, logicalId }, resources) {
  const found = new Set(integrations(resources).flatMap((arn) => qualifiersOf(arn, logicalId, resources)));
  if (!found.size || found.has(alias ?? LATEST)) return null;
  const [users] = found;
  const described = (qualifier) => (qualifier === LATEST ? 'without an alias' : `by its alias \`${qualifier}\``);
  return (
    `The API invokes ${name} ${described(users)}, and the warmer would ping it ${described(alias ?? LATEST)}: it would ` +
    `prove execution environments that no user reaches. Add \`alias: ${users}\` to the target ` +
    `\`function: ${key}\` under custom.pilotlight.targets in serverless.yml.`
  );
}

/** Every expression of the template by which an API or a function's URL invokes a function. */
function integrations(resources) {
  return Object.values(resources).flatMap(({ Type: type, Properties: properties = {} }) => {
    if (type === 'AWS::ApiGateway::Method') return [properties.Integration?.Uri];
    if (type === 'AWS::ApiGatewayV2::Integration') return [properties.IntegrationUri];
    return type === 'AWS::Lambda::Url' ? [properties.TargetFunctionArn] : [];
  });
}

/** The qualifiers by which an expression names a function: an alias, or $LATEST for none; empty for another function. */
function qualifiersOf(expression, logicalId, resources) {
  if (expression === null || typeof expression !== 'object') return [];
  if (expression['Fn::GetAtt']) return expression['Fn::GetAtt'][0] === logicalId ? [LATEST] : [];
  if (expression.Ref) return ofReference(expression.Ref, logicalId, resources);
  const [separator, parts] = expression['Fn::Join'] ?? [];
  if (!Array.isArray(parts)) return [];
  return parts.flatMap((part, index) => {
    const found = qualifiersOf(part, logicalId, resources);
    const after = parts.slice(index + 1).filter((each) => each !== ':');
    const named = (separator === ':' && after.length) || parts[index + 1] === ':';
    return found[0] === LATEST && named && typeof after[0] === 'string' ? [after[0]] : found;
  });
}

function ofReference(reference, logicalId, resources) {
  if (reference === logicalId) return [LATEST];
  const { Type: type, Properties: properties } = resources[reference] ?? {};
  const aliased = type === 'AWS::Lambda::Alias' && properties.FunctionName?.Ref === logicalId;
  return aliased ? [properties.Name] : [];
}

module.exports = { LATEST, aliasOf, wrongAlias };
