/** The page. */

import { readSession } from "./core/session.js";
import { App } from "./views/app.js";

const app = new App(readSession());
document.getElementById("talk").replaceChildren(app.element);
app.start();
