'use strict';

// What functions find beside their package, for the check of their imports: layers, PYTHONPATH, another handler.

/** Names the real handler of a function whose handler is pilotlight.redirect.handler. */
const REDIRECTED = 'PILOTLIGHT_HANDLER';

/**
 * Returns, of the functions `keys` together: `layers`, the folders and zips of this service's own; `layered`, the handlers
 * of functions with layers, or a PYTHONPATH, of which nothing is known here; `pythonPath`, values of PYTHONPATH; and
 * `redirected`, the real handlers that redirections load.
 */
function elsewhereOf(serverless, keys) {
  const found = keys.map((key) => ofFunction(serverless, key));
  const together = (name) => [...new Set(found.flatMap((each) => each[name]))];
  return {
    layers: together('layers'),
    layered: together('layered'),
    pythonPath: together('pythonPath'),
    redirected: together('redirected'),
  };
}

function ofFunction(serverless, key) {
  const { service } = serverless;
  const each = service.getFunction(key);
  const own = layersOf(service, serverless.getProvider('aws').naming);
  const layers = (each.layers ?? service.provider.layers ?? []).map((layer) => own.get(layer?.Ref));
  const environment = { ...service.provider.environment, ...each.environment };
  const { PYTHONPATH: pythonPath, [REDIRECTED]: redirected } = environment;
  const redirections = isText(redirected) ? [redirected] : [];
  const isKnown = layers.every(Boolean) && (pythonPath === undefined || isText(pythonPath));
  return {
    layers: layers.filter(Boolean),
    layered: isKnown ? [] : [each.handler, ...redirections],
    pythonPath: isText(pythonPath) ? [pythonPath] : [],
    redirected: redirections,
  };
}

/** The service's own layers: where each is, by the name that functions refer to it by. */
function layersOf({ layers = {} }, naming) {
  return new Map(
    Object.entries(layers).map(([name, { path: folder, package: own }]) => [
      naming.getLambdaLayerLogicalId(name),
      own?.artifact ?? folder,
    ]),
  );
}

function isText(value) {
  return typeof value === 'string' && value !== '';
}

module.exports = { REDIRECTED, elsewhereOf };
