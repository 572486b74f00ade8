// Who steers this render, and how control is taken, let go and handed over.

import { byId, setText } from "../dom.js";
import { complain } from "./errors.js";

export function showHolder(session) {
  const { control } = session;
  const listen = (id, event, act) => byId(id).addEventListener(event, act, { signal: session.signal });
  listen("control-take", "click", async () => {
    if (await control.take()) complain("live-error", "");
  });
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
  const show = () => draw(session);
  // The other's hold ends without a word when its page is gone.
  const timer = setInterval(show, 1_000);
  session.on("closed", () => clearInterval(timer));
  session.on("change", show);
  show();
}

function draw(session) {
  const { control, state } = session;
  const over = session.finished || !state;
  byId("control-take").hidden = over || control.mine;
  byId("control-release").hidden = byId("control-menu").hidden = over || !control.mine;
  document.querySelectorAll("[data-steer]").forEach((part) => (part.disabled = !session.canSteer));
  setText(byId("holder-text"), text(session));
}

function text({ finished, state, control }) {
  if (!state) return "";
  if (finished) return "This render has ended.";
  if (control.mine) return "You steer.";
  const { other } = control;
  if (!other) return [control.reason, "Nobody steers."].filter(Boolean).join(" ");
  const seconds = Math.ceil((new Date(other.expires_at) - Date.now()) / 1000);
  const ends = seconds > 0 ? `for ${seconds} s more unless it is renewed` : "but is not heard of any more";
  return `You are looking on: ${other.name || "another page"} steers, ${ends}. ${control.reason}`.trim();
}
