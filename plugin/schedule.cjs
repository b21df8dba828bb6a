'use strict';

const SECONDS = { minute: 60, hour: 3600, day: 86400 };

/**
 * Returns the shortest time between two ticks of a schedule expression of EventBridge; null where it is not known, as
 * for a cron expression, unless that one fires every minute.
 */
function gapSeconds(expression) {
  if (typeof expression !== 'string') return null;
  const rate = expression.match(/^rate\((\d+) (minute|hour|day)s?\)$/);
  if (rate) return Number(rate[1]) * SECONDS[rate[2]];
  return /^cron\(\*\s/.test(expression) ? SECONDS.minute : null;
}

module.exports = { gapSeconds };
