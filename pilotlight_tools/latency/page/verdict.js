// The answer, first: the sentence, its three figures, and what the alternatives would cost.

import { element, put, update } from './dom.js';
import { count, money, ms, number, waiting } from './figures.js';
import { nothing, table } from './tables.js';

const NAMES = {
  none: 'No warming',
  warmer: 'The warmer',
  provisioned: 'Provisioned concurrency',
  snapstart: 'SnapStart',
};
const input = document.getElementById('price');
let shown = null;

input.addEventListener('input', () => shown && judgement(shown));

export function verdict(report) {
  shown = report.verdict;
  put('sentence', shown.sentence);
  document.getElementById('sentence').hidden = !shown.sentence;
  update('answers', [waited(shown), spared(shown), costs(shown)]);
  if (!input.value) input.value = String(shown.price_of_a_cold_start);
  judgement(shown);
}

/** The one rule, as in cost/worth.py: what is added is no more than what the avoided cold starts cost. */
function isWorthIt(added, avoided, price) {
  return avoided > 0 && added <= avoided * price;
}

function waited({ waited: users, requests, longer_ms: longer, longer_in_all_ms: inAll }) {
  const each = longer === null ? '' : `, each ${ms(longer)} longer than a warm request`;
  const all = inAll ? `: ${waiting(inAll)} in all` : '';
  return answer(
    'waited',
    'Users who waited',
    count(users),
    `of ${number(requests, 'request')} waited for a start${each}${all}`,
  );
}

function spared({ spared: starts, cold_without_pings: without, assumed_idle_minutes: idle }) {
  const head = 'Cold starts spared';
  if (starts === null) return answer('spared', head, nothing('too little is known'), 'Too little is known to tell.');
  const rule = `if Lambda removed what is idle for ${idle} minutes`;
  return answer(
    'spared',
    head,
    count(starts),
    `without pings ${number(without, 'request')} would have been cold, ${rule}`,
  );
}

function costs({ price, price_for_each_spared: each, alternatives }) {
  const head = 'What it costs';
  const warmer = alternatives.find(({ name }) => name === 'warmer');
  if (price !== null) {
    const more = each === null ? '' : `: ${money(each)} for each cold start spared`;
    return answer('costs', head, money(price), `a month more than no warming, with all that proves its work${more}`);
  }
  if (warmer) return answer('costs', head, money(warmer.added), 'a month more, if a warmer ran: none does');
  return answer('costs', head, nothing('not known here'), 'The price cannot be known here.');
}

function answer(key, head, figure, more) {
  return element(
    'li',
    { 'data-key': key },
    element('span', { class: 'head' }, head),
    element('span', { class: 'figure' }, figure),
    element('span', { class: 'more' }, more),
  );
}

function judgement(verdict) {
  const { alternatives } = verdict;
  const price = input.valueAsNumber >= 0 ? input.valueAsNumber : verdict.price_of_a_cold_start;
  const none = alternatives.find(({ name }) => name === 'none');
  document.getElementById('money').hidden = !alternatives.length;
  put('judgement', judged(verdict, none, price));
  update('alternatives', [
    table(
      [{ name: 'A month of this load', text: true }, 'Price', 'More than none', 'Cold starts left', 'Worth it'],
      alternatives.map((each) => ({
        key: each.name,
        cells: [
          NAMES[each.name] ?? each.name,
          money(each.price),
          each === none ? '' : money(each.added),
          count(each.cold_starts),
          worth(each, none, price),
        ],
      })),
    ),
  ]);
}

/** Of the warmer: by what it spared, or where none runs, by what it would avoid. */
function judged({ alternatives, price: paid, price_for_each_spared: each, is_worth_it: known }, none, price) {
  const warmer = alternatives.find(({ name }) => name === 'warmer');
  if (known === null) return '';
  if (paid === null && warmer && none) {
    const avoided = none.cold_starts - warmer.cold_starts;
    const verb = isWorthIt(warmer.added, avoided, price) ? 'would be' : 'would not be';
    return `A warmer ${verb} worth it at ${money(price)} a cold start: it would avoid ${count(avoided)} a month.`;
  }
  if (each === null) return 'The warmer is not worth it: it spared no cold start.';
  const verb = isWorthIt(each, 1, price) ? 'is' : 'is not';
  return `The warmer ${verb} worth it at ${money(price)} a cold start: each one that it spared cost ${money(each)}.`;
}

function worth({ name, added, cold_starts: left, is_worth_it: known }, none, price) {
  if (name === 'none') return '';
  if (known === null || !none) return nothing('too little is known');
  const isWorth = isWorthIt(added, none.cold_starts - left, price);
  return element('span', { class: isWorth ? 'yes' : 'no' }, isWorth ? '✓ yes' : '✗ no');
}
