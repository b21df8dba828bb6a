import { UsageError } from './errors.mjs';

/** Options of the deploy tool that npm does not know. The commands in Python look for their own. */
const ofDeployTool = [
  ...[
    'stage',
    'region',
    'param',
    'function',
    'aws-profile',
    'strict-warm',
    'path',
    'data',
    'qualifier',
    'tail',
    'type',
  ],
];

/**
 * Of `npm run deploy --stage prod`, without `--`, npm leaves `prod` and keeps the rest for itself: another stage would be
 * deployed. It says what it took in variables. Throws a UsageError.
 */
export function refuseWhatNpmTook([program, verb]) {
  if (program !== 'sls') return;
  const taken = ofDeployTool.filter((name) => process.env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined);
  if (!taken.length) return;
  const options = taken.map((name) => `--${name}`);
  const called = process.env.npm_lifecycle_event ?? verb ?? 'sls';
  throw new UsageError(
    `npm took ${options.join(' and ')} for itself: put \`--\` before, as in \`npm run ${called} -- ${options[0]} …\``,
  );
}
