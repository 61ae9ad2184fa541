/** Questions in front of the page. */

import { gettext } from "../i18n.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

let count = 0;

/**
 * A dialog with a title and a way out. It takes itself away when it is closed.
 * @param {Element} parent something with our styles
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
 * Ask before something that cannot be undone.
 * @param {Element} parent
 * @param {{title: string, text: string, yes: string, isDanger?: boolean}} words
 * @returns {Promise<boolean>}
 */
export function confirmDialog(parent, { title, text, yes, isDanger = false }) {
  return new Promise((resolve) => {
    const close = (/** @type {string} */ value) => () => dialog.close(value);
    const no = h(
      "button",
      { class: "tk-button", type: "button", onclick: close("") },
      gettext("Cancel"),
    );
    const kind = isDanger ? "tk-danger" : "tk-primary";
    const agree = h(
      "button",
      { class: `tk-button ${kind}`, type: "button", onclick: close("yes") },
      yes,
    );
    const dialog = openDialog(parent, title, [h("p", {}, text), h("footer", {}, no, agree)]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    no.focus();
  });
}
