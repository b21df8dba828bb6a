'use strict';

// API Gateway's own responses (throttled, timed out, too large) have the API's form: CORS headers, so that a browser can
// read them, a request id, and {"error", "detail"}.

/** The two resources. A literal is all that they can say, so with several origins no page may read them. */
module.exports.resources = async ({ resolveVariable }) => {
  const origins = String(await resolveVariable('param:corsOrigins')).trim();
  // The functions refuse it too, and then not one request is served: pilotlight/cors.py.
  const wrong = origins.split(',').find((each) => !/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/.test(each.trim()));
  if (wrong !== undefined)
    throw Object.assign(
      new Error(`corsOrigins: an origin is a scheme and a host such as https://shop.example, not "${wrong.trim()}"`),
      { name: '', stack: '' },
    );
  const properties = (type) => ({
    RestApiId: { Ref: 'ApiGatewayRestApi' },
    ResponseType: type,
    ResponseParameters: {
      ...(origins.includes(',') ? {} : { 'gatewayresponse.header.Access-Control-Allow-Origin': `'${origins}'` }),
      'gatewayresponse.header.Access-Control-Expose-Headers': "'X-Request-Id'",
      'gatewayresponse.header.X-Request-Id': 'context.requestId',
    },
    ResponseTemplates: {
      'application/json':
        '{"error": $context.error.messageString, "detail": "API Gateway: $context.error.responseType"}',
    },
  });
  const resource = (type) => ({ Type: 'AWS::ApiGateway::GatewayResponse', Properties: properties(type) });
  return { ClientErrorResponse: resource('DEFAULT_4XX'), ServerErrorResponse: resource('DEFAULT_5XX') };
};
