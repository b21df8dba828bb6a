import { UsageError } from '../setup/errors.mjs';

// osls takes ^[a-zA-Z][0-9a-zA-Z-]+$ (its config-schema.js), which AWS takes too. Lambda's function names have at most 64
// characters ("CreateFunction" in the Lambda API Reference): NAME-STAGE-warmer leaves 16 to the stage.
const valid = /^[a-zA-Z][0-9a-zA-Z-]+$/;
const most = 40;

/** Returns the name of a service. Throws a UsageError with a better one where the deploy tool or AWS would refuse it. */
export function checkName(name, { isFolder }) {
  if (valid.test(name) && name.length <= most) return name;
  const whose = isFolder ? `the folder's name ${JSON.stringify(name)}` : JSON.stringify(name);
  const remedy = `${isFolder ? 'Name it by' : 'Try'} --name ${suggestion(name)}`;
  throw new UsageError(
    `${whose} cannot be the name of a service, and so of its functions: a letter, then letters, digits and hyphens, ` +
      `2 to ${most} in all. ${remedy}`,
  );
}

function suggestion(name) {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '') // the accents
    .replace(/[^0-9a-zA-Z]+/g, '-')
    .replace(/^[^a-zA-Z]+/, '');
  const near = words.slice(0, most).replace(/-+$/, '').toLowerCase();
  return near.length > 1 ? near : 'my-service';
}
