/** Starts the page. */

import { readPageContext } from "./core/page-context.js";
import { App } from "./views/app.js";

const app = new App(readPageContext());
document.getElementById("talk")?.replaceChildren(app.element);
app.start();
