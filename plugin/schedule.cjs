'use strict';

// The warmer's schedule: its expressions ("Rate expressions" and "Cron expressions" in the EventBridge documentation).

const SECONDS = { minute: 60, hour: 3600, day: 86400 };

/** Returns the expressions by which a function is started now; none where its schedules are disabled. */
function expressionsOf({ events = [] }) {
  const enabled = events.map(({ schedule }) => schedule).filter((schedule) => schedule && schedule.enabled !== false);
  return enabled.flatMap((schedule) => schedule.rate ?? schedule).filter((each) => typeof each === 'string');
}

/**
 * Returns the shortest time between two ticks of a schedule expression of EventBridge; null where it is not known, as
 * for a cron expression, unless that one fires every minute.
 */
function gapSeconds(expression) {
  const rate = expression.match(/^rate\((\d+) (minute|hour|day)s?\)$/);
  if (rate) return Number(rate[1]) * SECONDS[rate[2]];
  return /^cron\(\*\s/.test(expression) ? SECONDS.minute : null;
}

/** Says what is wrong with an expression that EventBridge refuses for its unit; null for any other value. */
function wrongUnit(expression) {
  const rate = String(expression).match(/^rate\((\d+) (minute|hour|day)(s?)\)$/);
  if (!rate || (rate[1] === '1') === (rate[3] === '')) return null;
  return `${expression} is not possible: EventBridge wants rate(${rate[1]} ${rate[2]}${rate[1] === '1' ? '' : 's'}).`;
}

module.exports = { expressionsOf, gapSeconds, wrongUnit };
