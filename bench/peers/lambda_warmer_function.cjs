'use strict';

// lambda-warmer as its README shows it.

const warmer = require('lambda-warmer');

exports.handler = async (event) => {
  if (await warmer(event, { log: false })) return 'warmed';
  return { statusCode: 200, body: 'Hello from Lambda' };
};
