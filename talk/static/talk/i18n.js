/** Texts in the language of the page, from Django's catalogue, or else in English. */

/** Separates the context from the text in the keys of a catalogue. */
const CONTEXT_SEPARATOR = "\u0004";

/** The catalogue lists the plural forms below this number; from 100 on they repeat. */
const LISTED_PLURALS = 200;

/** @type {{texts: Record<string, string | string[] | undefined>, plurals: number[]}} */
const catalogue = JSON.parse(
  document.getElementById("talk-texts")?.textContent || '{"texts": {}, "plurals": []}',
);

/**
 * @param {string} text
 * @returns {string}
 */
export function gettext(text) {
  return translation(text) ?? text;
}

/**
 * @param {string} context
 * @param {string} text
 * @returns {string}
 */
export function pgettext(context, text) {
  return translation(context + CONTEXT_SEPARATOR + text) ?? text;
}

/**
 * @param {string} singular
 * @param {string} plural
 * @param {number} count
 * @returns {string}
 */
export function ngettext(singular, plural, count) {
  return pluralTranslation(singular, count) ?? (count === 1 ? singular : plural);
}

/**
 * @param {string} context
 * @param {string} singular
 * @param {string} plural
 * @param {number} count
 * @returns {string}
 */
export function npgettext(context, singular, plural, count) {
  const key = context + CONTEXT_SEPARATOR + singular;
  return pluralTranslation(key, count) ?? (count === 1 ? singular : plural);
}

/**
 * Replace placeholders, `%(name)s`, by values.
 * @param {string} format
 * @param {Record<string, string | number>} values
 * @returns {string}
 */
export function interpolate(format, values) {
  return format.replace(/%\((\w+)\)s|%%/g, (_placeholder, name) =>
    name === undefined ? "%" : String(values[name]),
  );
}

/** @param {string} key */
function translation(key) {
  const forms = catalogue.texts[key];
  return Array.isArray(forms) ? forms[0] : forms;
}

/**
 * @param {string} key
 * @param {number} count
 */
function pluralTranslation(key, count) {
  const forms = catalogue.texts[key];
  if (!Array.isArray(forms)) return forms;
  const whole = Math.abs(Math.trunc(count));
  const index = whole < LISTED_PLURALS ? whole : 100 + (whole % 100);
  return forms[catalogue.plurals[index] ?? 0];
}
