// Draws the report that the page contains, or those that a live page gets.

import { live } from './live.js';
import { overTime } from './over_time.js';
import { spread } from './spread.js';
import { tiles } from './tiles.js';
import { refreshTip } from './tip.js';
import { verdict } from './verdict.js';
import { tables } from './where.js';
import { explanations, heading } from './words.js';

// A4 less its margins and those of a card.
const PRINTED_WIDTH = 684;
// What changes with every reading, even when nothing has happened.
const VOLATILE = { made_at: 0, time_range: null };

const { report: included, live: isLive } = JSON.parse(document.getElementById('data').textContent);
let shown = null;
let drawnWidth = 0;

if (isLive) live(show);
else show(included);

new ResizeObserver(() => {
  if (shown && width() !== drawnWidth) charts(width());
}).observe(document.body);
addEventListener('beforeprint', () => shown && charts(PRINTED_WIDTH, true));
addEventListener('afterprint', () => shown && charts(width()));

function show(report) {
  const told = (each) => JSON.stringify({ ...each, ...VOLATILE });
  const isSame = shown && told(report) === told(shown);
  shown = report;
  heading(report);
  if (isSame) {
    overTime(report, drawnWidth);
    refreshTip();
    return;
  }
  document.body.classList.remove('waiting');
  verdict(report);
  tiles(report);
  tables(report, isLive);
  explanations(report);
  charts(width());
}

function charts(wide, isPrinted = false) {
  drawnWidth = wide;
  overTime(shown, wide, isPrinted);
  spread(shown, wide, isPrinted);
  refreshTip();
}

function width() {
  return document.getElementById('time-chart').clientWidth;
}
