// The panels that build on a job's session: the id of the element each is mounted in, and its module.
//
// A module exports mount(element, session): it fills the empty element, follows the session with session.on(), and lets go of
// whatever it holds outside the element at the session's "closed". The element is emptied after that.

import { byId } from "./dom.js";

const INSTRUMENTS = {};

export function mountInstruments(session) {
  for (const [id, load] of Object.entries(INSTRUMENTS)) {
    const element = byId(id);
    session.on("closed", () => element.replaceChildren());
    load().then(({ mount }) => session.closed || mount(element, session));
  }
}
