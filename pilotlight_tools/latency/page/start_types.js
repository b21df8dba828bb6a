// A start type looks the same everywhere: its colour, and a shape that tells it without colour.

import { element, svg } from './dom.js';

const SHAPES = {
  cold: 'M0-5 5 0 0 5-5 0Z',
  warm: 'M4 0A4 4 0 1 1-4 0 4 4 0 0 1 4 0Z',
  proactive: 'M0-4.6 4.8 4H-4.8Z',
  provisioned: 'M-4-4H4V4H-4Z',
  restored: 'M0 4.6-4.8-4H4.8Z',
  'no record': 'M-4.6-3.2-3.2-4.6 0-1.4 3.2-4.6 4.6-3.2 1.4 0 4.6 3.2 3.2 4.6 0 1.4-3.2 4.6-4.6 3.2-1.4 0Z',
  unknown: 'M5 0A5 5 0 1 1-5 0 5 5 0 0 1 5 0ZM3 0A3 3 0 1 0-3 0 3 3 0 0 0 3 0Z',
};

export function colour(name) {
  return `var(--${known(name).replace(' ', '-')})`;
}

/** The shape of a start type about a point of a chart. */
export function symbol(name, x, y, size = 1) {
  return svg('path', {
    d: SHAPES[known(name)],
    transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size.toFixed(2)})`,
    fill: colour(name),
  });
}

export function swatch(name) {
  return svg('svg', { class: 'swatch', viewBox: '-6 -6 12 12', 'aria-hidden': 'true' }, symbol(name, 0, 0));
}

export function label(name) {
  return element('span', { class: 'start' }, swatch(name), name);
}

function known(name) {
  return Object.hasOwn(SHAPES, name) ? name : 'unknown';
}
