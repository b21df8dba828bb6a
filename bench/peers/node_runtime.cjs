'use strict';

// A Node function's side of the Lambda Runtime API, in place of the Node runtime client, which is native code.
// Usage: node node_runtime.cjs <module> <export>. The export, `handler(event, context)`, may be async.

const http = require('node:http');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true });

function call(method, name, body) {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: `/2018-06-01/runtime/invocation/${name}` };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function main() {
  const [file, name] = process.argv.slice(2);
  const handler = (await import(pathToFileURL(path.resolve(file))))[name];
  for (;;) {
    const { headers, body } = await call('GET', 'next');
    const id = headers['lambda-runtime-aws-request-id'];
    const context = { awsRequestId: id, invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'] };
    try {
      const result = JSON.stringify((await handler(JSON.parse(body), context)) ?? null);
      await call('POST', `${id}/response`, result);
    } catch (error) {
      await call('POST', `${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
    }
  }
}

main();
