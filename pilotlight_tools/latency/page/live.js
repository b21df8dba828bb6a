// A live page asks for the report again and again, unless it is paused or hidden, and more slowly while nobody answers.

import { put } from './dom.js';
import { clock } from './figures.js';

const EVERY_MS = 2000;
const LONGEST_MS = 10000;
const RANGES = document.querySelectorAll('input[name="last"]');
const pause = document.getElementById('pause');
const state = document.getElementById('state');

let show;
let last;
let isPaused = false;
let failures = 0;
let turn = 0;
let timer;

/** Begin to ask, and give `show` each report. */
export function live(give) {
  show = give;
  const wanted = new URLSearchParams(location.search).get('last');
  const chosen =
    [...RANGES].find((radio) => radio.value === wanted) ?? [...RANGES].find((radio) => radio.defaultChecked);
  chosen.checked = true;
  last = chosen.value;
  document.getElementById('controls').hidden = false;
  for (const radio of RANGES) radio.addEventListener('change', () => choose(radio.value));
  pause.addEventListener('click', () => hold(!isPaused));
  document.addEventListener('visibilitychange', () => ask());
  addEventListener('online', () => ask());
  say('Waiting for the first figures …');
  ask();
}

function choose(value) {
  last = value;
  const address = new URL(location.href);
  address.searchParams.set('last', value);
  history.replaceState(null, '', address);
  say('Reading …');
  ask(true);
}

function hold(wanted) {
  isPaused = wanted;
  pause.textContent = wanted ? 'Resume' : 'Pause';
  say(wanted ? 'Paused' : 'Live');
  ask();
}

/** Ask now, then again in time; `once` also while paused. Only the newest question counts. */
async function ask(once = false) {
  clearTimeout(timer);
  turn += 1;
  const mine = turn;
  if (document.hidden || (isPaused && !once)) return;
  try {
    const response = await fetch(`report.json?last=${last}`);
    const content = await response.json();
    if (mine !== turn) return;
    if (content.problem) tryLater(content.problem);
    else {
      failures = 0;
      show(content);
      say(isPaused ? 'Paused' : 'Live');
      put('read-at', `read at ${clock(content.made_at)}`);
    }
  } catch {
    if (mine !== turn) return;
    tryLater('The local stack does not respond.');
  }
  timer = setTimeout(ask, Math.min(LONGEST_MS, EVERY_MS * 2 ** failures));
}

function tryLater(problem) {
  failures += 1;
  const seconds = Math.min(LONGEST_MS, EVERY_MS * 2 ** failures) / 1000;
  say(`${problem} Trying again in ${seconds} s.`, true);
}

function say(words, isProblem = false) {
  put('state', words);
  state.classList.toggle('problem', isProblem);
  state.classList.toggle('paused', isPaused);
}
