// Makes nodes, and updates those of the page in place: what a reader has focused, selected or opened stays.

const SVG = 'http://www.w3.org/2000/svg';
// What the reader changes, not the report.
const OF_THE_READER = new Set(['open']);

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

export function put(id, text) {
  const node = document.getElementById(id);
  if (node.textContent !== text) node.textContent = text;
}

/** Give an element of the page these children; nodes that are there already are changed, not replaced. */
export function update(id, children) {
  const focused = document.activeElement;
  reconcile(document.getElementById(id), children);
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function reconcile(parent, wanted) {
  const nodes = wanted.map((node) => (typeof node === 'string' ? document.createTextNode(node) : node));
  const pool = new Map();
  for (const node of parent.childNodes) {
    if (!pool.has(identity(node))) pool.set(identity(node), []);
    pool.get(identity(node)).push(node);
  }
  const kept = nodes.map((node) => {
    const found = pool.get(identity(node))?.shift();
    if (found) become(found, node);
    return found ?? node;
  });
  for (const group of pool.values()) for (const node of group) node.remove();
  let place = parent.firstChild;
  for (const node of kept) {
    if (node === place) place = place.nextSibling;
    else if (node.isConnected && parent.moveBefore) parent.moveBefore(node, place);
    else parent.insertBefore(node, place);
  }
}

/** Nodes of one kind and one `data-key` are the same node, before and after. */
function identity(node) {
  return `${node.nodeName} ${node.dataset?.key ?? ''}`;
}

function become(node, wanted) {
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== wanted.data) node.data = wanted.data;
    return;
  }
  for (const { name, value } of wanted.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  for (const { name } of [...node.attributes]) {
    if (!wanted.hasAttribute(name) && !OF_THE_READER.has(name)) node.removeAttribute(name);
  }
  reconcile(node, [...wanted.childNodes]);
}
