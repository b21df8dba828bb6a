// Paragraphs and lists around the figures.

import { element, put, update } from './dom.js';
import { moment, ms, number, span, timeZone } from './figures.js';
import { label } from './start_types.js';
import { counts, ofWhat } from './tiles.js';

export function empty(words) {
  return element('p', { class: 'empty' }, words);
}

export function heading(report) {
  put('service', report.service);
  const { start, end } = report.time_range;
  put(
    'scope',
    `${report.region ?? 'On this machine'}, ${moment(start)} to ${moment(end)} ${timeZone(end)}: ` +
      `${number(counts(report).requests, 'user request')}.`,
  );
  for (const node of document.querySelectorAll('[data-of]')) {
    node.textContent = { all: capital(ofWhat(report)), measured: ofMeasured(report), counted: ofCounted(report) }[
      node.dataset.of
    ];
  }
  const { environments, requests } = report.pings;
  put(
    'pings',
    environments
      ? `Pings made ${number(environments, 'execution environment')} that served users: ${number(requests, 'traced request')} met one, and waited for no init.`
      : '',
  );
  put('bins', `Each column is ${span(report.bin_seconds)}.`);
}

/** The start types, and what to know about the figures. */
export function explanations(report) {
  update(
    'definitions',
    Object.entries(report.definitions).flatMap(([name, meaning]) => [
      element('dt', { 'data-key': name }, label(name)),
      element('dd', { 'data-key': name }, meaning),
    ]),
  );
  const engine = report.engine
    ? [`The local engine's own share of a warm request is ${ms(report.engine.p50)} at the median.`]
    : [];
  const notes = [...report.notes, ...engine, `${measure(report)} ${report.method}`];
  update(
    'notes',
    notes.map((note) => element('li', {}, ...note.split(/(--\w+)/).map(option))),
  );
}

function ofCounted(report) {
  const { what } = counts(report);
  return what ? `${capital(what)}; response times of the traced ones` : ofMeasured(report);
}

function ofMeasured(report) {
  const rest =
    report.measured < report.requests ? `; times of the ${number(report.measured, 'request')} that were measured` : '';
  return `${capital(ofWhat(report))}${rest}`;
}

function measure(report) {
  return report.source === 'access log'
    ? `Response time: as ${report.measured_by} measured it.`
    : `Response time: start to end of the segment of ${report.measured_by}.`;
}

function option(part) {
  return part.startsWith('--') ? element('code', {}, part) : part;
}

function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
