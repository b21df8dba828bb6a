// What the set-up installs, and from which files. The rest of this folder knows neither: services that `npm run new`
// makes have the same set-up with another such module, template/tools/setup/packages.mjs.

/** What can be installed. Each holds those before it, and the last is installed unless another is asked for. */
export const groups = ['run', 'dev'];

/** Folders with Python modules beside those of the working directory: plugin/python has pilotlight_build. */
export const moduleFolders = ['plugin/python'];

/** pip's installations for a group, in order: each has a title, the files that it is made from, and pip's options. */
export function pythonInstallations(group) {
  const file = `requirements-${group}.txt`;
  // The locked file is complete, so pip resolves nothing.
  return [{ title: 'Python packages', files: [file], options: ['--no-deps', '--require-hashes', '-r', file] }];
}

const all = ['--include=dev', '--include=optional'];

/** npm's command for a group; `has` tells whether another group is there. */
export function nodeInstallation(group, has) {
  // `npm ci` first removes node_modules, from which a running `npm start` may be deploying.
  // What is wanted is said in full: NODE_ENV or a setting of npm may leave out packages.
  if (group === 'dev') return [...(has('run') ? ['install', '--no-save'] : ['ci']), ...all];
  return ['ci', '--omit=dev', '--include=optional'];
}
