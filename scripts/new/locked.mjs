// Which lines of a locked requirements file some packages need.

/** Returns the lines of each package that `roots` need, by the comments `# via` that uv writes; without comments. */
export function lockedFor(roots, text) {
  const blocks = text.split(/^(?=[\w.-]+==)/m).filter((block) => /^[\w.-]+==/.test(block));
  const packages = blocks.map((block) => ({
    name: block.match(/^[\w.-]+/)[0],
    neededBy: [...block.matchAll(/^ +# +(?:via +)?([\w.-]+)$/gm)].map(([, name]) => name),
    lines: block.replace(/^ *#.*\n/gm, ''),
  }));
  const needed = new Set(roots);
  const isMore = ({ name, neededBy }) => !needed.has(name) && neededBy.some((parent) => needed.has(parent));
  for (let more = packages.filter(isMore); more.length; more = packages.filter(isMore)) {
    for (const { name } of more) needed.add(name);
  }
  return packages.filter(({ name }) => needed.has(name)).map(({ lines }) => lines);
}

/** The names in a dependency group of pyproject.toml. */
export function namesInGroup(group, pyproject) {
  const [, list] = pyproject.match(new RegExp(`^${group} = \\[\n(.*?)^\\]`, 'ms'));
  return [...list.matchAll(/^ *"([\w.-]+)/gm)].map(([, name]) => name);
}
