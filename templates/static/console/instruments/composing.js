// The instruments for composing: the same panels, for the settings of the next render instead of a render in hand.

import { composed } from "./composed.js";
import { frame } from "./frame.js";

const PANELS = [
  ["compose-files", "Settings files", () => import("./files.js"), { lazy: false }],
  ["compose-undo", "History", () => import("./undo.js"), { lazy: false }],
  ["compose-curves", "Schedule curves", () => import("./curves.js"), { lazy: true }],
  ["compose-audio", "Sound", () => import("./audio.js"), { lazy: true }],
];

/** What panels know of the studio while no render is in hand. */
class Composing {
  #closed = new Set();
  closed = false;
  /** The form as it was: panels are loaded by and by, and somebody may be quicker. */
  first = composed.snapshot();

  constructor(api) {
    this.api = api;
  }

  /** All that happens without a render is its end. */
  onEnd(act) {
    this.#closed.add(act);
  }

  close() {
    this.closed = true;
    this.#closed.forEach((act) => act());
  }
}

let composing = null;

/** Fills `host` for whoever is signed in with this api; without one, empties it. */
export function mountComposing(host, api) {
  composing?.close();
  composing = null;
  host.replaceChildren();
  if (!api) return;
  const session = new Composing(api);
  composing = session;
  for (const [id, title, load, { lazy }] of PANELS) {
    const section = document.createElement("section");
    Object.assign(section, { id, className: "panel instrument" });
    section.setAttribute("aria-label", title);
    host.append(section);
    const fill = async (body) => {
      const { mount } = await load();
      if (!session.closed) session.onEnd(mount(body, session));
    };
    frame(section, title, fill, { open: false, lazy });
  }
}
