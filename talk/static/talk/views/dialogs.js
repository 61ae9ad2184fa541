/** Dialogs in front of the page. */

import { gettext } from "../i18n.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const CONFIRMED = "yes";

let count = 0;

/**
 * Open a dialog with a title and a close button. It is removed when it is closed.
 * @param {Element} parent an element with our styles
 * @param {string} title
 * @param {Node[]} content
 * @returns {HTMLDialogElement}
 */
export function openDialog(parent, title, content) {
  count += 1;
  const id = `tk-dialog-${count}`;
  const dialog = h(
    "dialog",
    { class: "tk-dialog", "aria-labelledby": id },
    h(
      "header",
      {},
      h("h2", { id, dir: "auto" }, title),
      h(
        "button",
        {
          class: "tk-icon-button",
          type: "button",
          "aria-label": gettext("Close"),
          onclick: () => dialog.close(),
        },
        icon("close"),
      ),
    ),
    ...content,
  );
  dialog.addEventListener("close", () => dialog.remove());
  parent.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Ask before an action that cannot be undone.
 * @param {Element} parent
 * @param {{title: string, text: string, yes: string, isDanger?: boolean}} words
 * @returns {Promise<boolean>}
 */
export function confirmDialog(parent, { title, text, yes, isDanger = false }) {
  return new Promise((resolve) => {
    const close = (/** @type {string} */ value) => () => dialog.close(value);
    const cancel = h(
      "button",
      { class: "tk-button", type: "button", onclick: close("") },
      gettext("Cancel"),
    );
    const kind = isDanger ? "tk-danger" : "tk-primary";
    const confirm = h(
      "button",
      { class: `tk-button ${kind}`, type: "button", onclick: close(CONFIRMED) },
      yes,
    );
    const dialog = openDialog(parent, title, [h("p", {}, text), h("footer", {}, cancel, confirm)]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue === CONFIRMED));
    cancel.focus();
  });
}
