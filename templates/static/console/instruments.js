// The panels that build on a job's session: the element each is mounted in, its heading and its module.
//
// A module exports mount(element, session): it fills the empty element, follows the session with session.on(), and lets go of
// whatever it holds outside the element at the session's "closed". The element is emptied after that.

import { byId } from "./dom.js";
import { frame } from "./instruments/frame.js";

// On a phone what is large is folded at first; what has to compute does so when it is opened.
const large = { open: matchMedia("(min-width: 760px)").matches, lazy: true };

const INSTRUMENTS = {
  reel: ["Film reel", () => import("./instruments/reel.js")],
  curves: ["Schedule curves", () => import("./instruments/curves.js"), large],
  audio: ["Sound", () => import("./instruments/audio.js"), large],
  recall: ["Total recall", () => import("./instruments/recall.js"), { open: large.open }],
  undo: ["History", () => import("./instruments/undo.js")],
  devices: ["Input devices", () => import("./instruments/devices.js"), { open: large.open }],
  layouts: ["Layout", () => import("./instruments/layouts.js"), { open: false }],
};

export function mountInstruments(session) {
  for (const [id, [title, load, options]] of Object.entries(INSTRUMENTS)) {
    const element = byId(id);
    session.on("closed", () => element.replaceChildren());
    frame(element, title, (body) => load().then(({ mount }) => session.closed || mount(body, session)), options);
  }
}
