// Figures and times as text. The page is in English, whatever the browser's language.

const MOMENT = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' };
export const NOTHING = '–';

export function count(n) {
  return Math.round(n).toLocaleString('en');
}

export function number(n, thing) {
  return `${count(n)} ${thing}${n === 1 ? '' : 's'}`;
}

export function percent(share) {
  if (share === null || share === undefined || Number.isNaN(share)) return NOTHING;
  if (share > 0 && share < 0.0001) return '< 0.01 %';
  if (share < 1 && share > 0.999) return '> 99.9 %';
  return `${(100 * share).toFixed(share && share < 0.1 ? 2 : 1)} %`;
}

export function ms(value) {
  if (value === null || value === undefined) return NOTHING;
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 100 ? count(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

/** For an axis: round values only. */
export function shortMs(value) {
  return value >= 1000 ? `${value / 1000} s` : `${value} ms`;
}

/** A sum of waiting, in milliseconds, in the units of a clock. */
export function waiting(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${count(seconds / 3600)} h`;
}

/** US dollars, with as many places as a small sum needs. */
export function money(dollars) {
  if (dollars === null || dollars === undefined) return NOTHING;
  const size = Math.abs(dollars);
  const places = size === 0 || size >= 0.1 ? 2 : Math.min(6, 1 - Math.floor(Math.log10(size)));
  const figure = size.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: places });
  return `${dollars < 0 ? '−' : ''}$${figure}`;
}

export function span(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${seconds / 60} min`;
  return seconds < 86400 ? `${seconds / 3600} h` : seconds === 86400 ? 'a day' : `${seconds / 86400} days`;
}

export function clock(at) {
  return new Date(at * 1000).toLocaleTimeString('en-GB');
}

export function moment(at) {
  return new Date(at * 1000).toLocaleString('en-GB', MOMENT).replace(',', '');
}

export function timeZone(at) {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(new Date(at * 1000));
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}
