/** Texts in the language of the page: what Django's catalogue has, English otherwise. */

const CONTEXT = "\u0004";

/** Plural forms are listed up to here; beyond, they repeat every hundred. */
const LISTED = 200;

/** @type {{texts: Record<string, string | string[]>, plurals: number[]}} */
const catalogue = JSON.parse(
  document.getElementById("talk-texts")?.textContent || '{"texts": {}, "plurals": []}',
);

/** @returns {string} */
export function gettext(/** @type {string} */ text) {
  return one(text) ?? text;
}

/** @returns {string} */
export function pgettext(/** @type {string} */ context, /** @type {string} */ text) {
  return one(context + CONTEXT + text) ?? text;
}

/** @returns {string} */
export function ngettext(singular, plural, /** @type {number} */ count) {
  return many(singular, count) ?? (count === 1 ? singular : plural);
}

/** @returns {string} */
export function npgettext(context, singular, plural, /** @type {number} */ count) {
  return many(context + CONTEXT + singular, count) ?? (count === 1 ? singular : plural);
}

/** Put values in the places of their names: `%(name)s`. */
export function interpolate(/** @type {string} */ format, values) {
  return format.replace(/%\((\w+)\)s|%%/g, (_placeholder, name) =>
    name === undefined ? "%" : String(values[name]),
  );
}

function one(/** @type {string} */ key) {
  const found = catalogue.texts[key];
  return Array.isArray(found) ? found[0] : found;
}

function many(/** @type {string} */ key, /** @type {number} */ count) {
  const forms = catalogue.texts[key];
  if (!Array.isArray(forms)) return forms;
  const whole = Math.abs(Math.trunc(count));
  const place = whole < LISTED ? whole : 100 + (whole % 100);
  return forms[catalogue.plurals[place] ?? 0];
}
