/** Moments as people say them. */

import { gettext } from "../i18n.js";

const language = document.documentElement.lang || undefined;

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(language, { weekday: "long" });
const shortDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const longDay = new Intl.DateTimeFormat(language, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

/** Something that is the same for all moments of a day. */
export function dayKey(/** @type {number} */ seconds) {
  const date = new Date(1000 * seconds);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** How many days ago, today being 0. */
function age(/** @type {Date} */ date) {
  const midnight = (/** @type {Date} */ day) =>
    new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
}

/** "14:05" */
export function timeOf(/** @type {number} */ seconds) {
  return clock.format(new Date(1000 * seconds));
}

/** "Today", "Yesterday", "Monday, 2 March 2026" */
export function dayOf(/** @type {number} */ seconds) {
  const date = new Date(1000 * seconds);
  const days = age(date);
  if (days === 0) return gettext("Today");
  if (days === 1) return gettext("Yesterday");
  return longDay.format(date);
}

/** As short as it can be: the time today, then the weekday, then the date. */
export function brieflyOf(/** @type {number} */ seconds) {
  const date = new Date(1000 * seconds);
  const days = age(date);
  if (days === 0) return clock.format(date);
  if (days === 1) return gettext("Yesterday");
  return days < 7 ? weekday.format(date) : shortDay.format(date);
}

/** All of it. */
export function exactly(/** @type {number} */ seconds) {
  return exact.format(new Date(1000 * seconds));
}
