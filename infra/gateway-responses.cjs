'use strict';

// API Gateway's own responses (throttled, timed out, too large) have the API's form: CORS headers, so that a browser can
// read them, a request id, and {"error", "detail"}.

/** The two resources. A literal is all that they can say, so with several origins no page may read them. */
module.exports.resources = async ({ resolveVariable }) => {
  const origins = String(await resolveVariable('param:corsOrigins')).trim();
  const listed = origins.split(',').map((each) => each.trim());
  const wrong = listed.find((each) => !/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/.test(each));
  if (wrong !== undefined)
    refuse(`corsOrigins: an origin is a scheme and a host such as https://shop.example, not "${wrong}"`);
  if (listed.includes('*') && listed.length > 1)
    refuse('corsOrigins: "*" is every page: name it alone, or only the other origins');
  const properties = (type) => ({
    RestApiId: { Ref: 'ApiGatewayRestApi' },
    ResponseType: type,
    ResponseParameters: {
      ...(listed.length > 1 ? {} : { 'gatewayresponse.header.Access-Control-Allow-Origin': `'${origins}'` }),
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

/** An error that the deploy tool prints without a stack. The functions refuse the same: pilotlight/cors.py. */
function refuse(message) {
  throw Object.assign(new Error(message), { name: '', stack: '' });
}
