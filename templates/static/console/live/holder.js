// Who steers this render, and how control is taken, let go and handed over.

import { byId, setText } from "../dom.js";
import { complain } from "./errors.js";

export function showHolder(session) {
  const { control } = session;
  const listen = (id, event, act) => byId(id).addEventListener(event, act, { signal: session.signal });
  listen("control-take", "click", async () => {
    if (await control.take()) complain("live-error", "");
  });
  listen("control-force", "click", () => control.take({ force: true }));
  listen("control-release", "click", () => control.release().catch(() => {}));
  listen("hand-over", "submit", async (event) => {
    event.preventDefault();
    const to = byId("hand-over-to");
    try {
      await control.handOver(Number(to.value) || null);
      complain("hand-over-to", "");
      byId("control-menu").open = false;
    } catch (error) {
      complain("hand-over-to", Object.values(error.fields ?? {}).flat().join(" ") || error.message);
    }
  });
  session.on("change", () => draw(session));
  draw(session);
}

function draw(session) {
  const { control, state } = session;
  const over = session.finished || !state;
  byId("control-take").hidden = over || control.mine;
  byId("control-force").hidden = over || control.mine || !control.held;
  byId("control-release").hidden = byId("control-menu").hidden = over || !control.mine;
  document.querySelectorAll("[data-steer]").forEach((part) => (part.disabled = !session.canSteer));
  setText(byId("holder-text"), text(session));
}

function text({ finished, state, control }) {
  if (!state) return "";
  if (finished) return "This render has ended.";
  if (control.mine) return "You steer.";
  const { other, reason } = control;
  if (!other) return `You are looking on; nobody steers. ${reason}`.trim();
  if (!other.held) return `You are looking on: the controls are offered to ${other.name}. ${reason}`.trim();
  return `You are looking on: ${other.name} steers on another page. ${control.held ? "" : reason}`.trim();
}
