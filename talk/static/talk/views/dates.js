/** Dates and times for the reader. Times are seconds since the epoch, as in the API. */

import { gettext } from "../i18n.js";

const MILLISECONDS_PER_DAY = 86_400_000;

const language = document.documentElement.lang || undefined;

const timeFormat = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const weekdayFormat = new Intl.DateTimeFormat(language, { weekday: "long" });
const shortDayFormat = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const longDayFormat = new Intl.DateTimeFormat(language, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const fullFormat = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

/** @param {number} seconds */
function dateOf(seconds) {
  return new Date(1000 * seconds);
}

/**
 * Return a key that is the same for all times of a day.
 * @param {number} seconds
 */
export function dayKey(seconds) {
  const date = dateOf(seconds);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/**
 * Return how many days ago a date was; 0 is today.
 * @param {Date} date
 */
function daysAgo(date) {
  const midnight = (/** @type {Date} */ day) =>
    new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(date)) / MILLISECONDS_PER_DAY);
}

/**
 * "14:05"
 * @param {number} seconds
 */
export function formatTime(seconds) {
  return timeFormat.format(dateOf(seconds));
}

/**
 * "Today", "Yesterday", "Monday, 2 March 2026"
 * @param {number} seconds
 */
export function formatDay(seconds) {
  const date = dateOf(seconds);
  const days = daysAgo(date);
  if (days === 0) return gettext("Today");
  if (days === 1) return gettext("Yesterday");
  return longDayFormat.format(date);
}

/**
 * The shortest text that is clear: the time, "Yesterday", the weekday, or the date.
 * @param {number} seconds
 */
export function formatBriefly(seconds) {
  const date = dateOf(seconds);
  const days = daysAgo(date);
  if (days === 0) return timeFormat.format(date);
  if (days === 1) return gettext("Yesterday");
  return days < 7 ? weekdayFormat.format(date) : shortDayFormat.format(date);
}

/**
 * Date and time in full.
 * @param {number} seconds
 */
export function formatFully(seconds) {
  return fullFormat.format(dateOf(seconds));
}
