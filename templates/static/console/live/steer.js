// What a control's move becomes: a command of one value or several, at once or smoothly, as the page is set.

import { byId } from "../dom.js";

/** How the page is set to move: {frames, easing, exponential}; frames 0 is at once, exponential: clicks extend the goal. */
export function smoothing() {
  return {
    frames: Math.max(0, Number(byId("smooth-frames").value) || 0),
    easing: byId("easing").value,
    exponential: byId("exponential").checked,
  };
}

/** Sends {name: {value, mode}}; what is refused is shown where it belongs, so nothing is thrown. */
export function steer(session, values, { smooth = true, merge = false } = {}) {
  const { frames, easing } = smoothing();
  const gradual = smooth && frames > 0 && Object.values(values).every(({ value }) => typeof value === "number");
  const sent = gradual ? session.send("set_smooth", { values, frames, easing }) : session.send("set", { values }, { merge });
  return sent.catch(() => null);
}

/** Any other command; its refusal is shown where it belongs. Answers the stored row, null without. */
export function order(session, kind, body = {}) {
  return session.send(kind, body).catch(() => null);
}

/** The lowest and highest value of a parameter in a mode. */
export function range(parameter, mode) {
  return parameter.ranges?.[mode] ?? [parameter.low, parameter.high];
}

/** The nearest value that the parameter may have in this mode; sums of steps such as 0.1 read as they are meant. */
export function clamp(parameter, mode, value) {
  const [low, high] = range(parameter, mode);
  const bounded = Math.min(Math.max(value, low), high);
  return Number(bounded.toFixed(parameter.whole ? 0 : Math.max(decimals(parameter.step), 4)));
}

const decimals = (number) => (String(Number(number)).split(".")[1] ?? "").length;

/** The mode a control moves its parameter in: as it is, else the parameter's own. */
export function movingMode(session, parameter) {
  const { mode } = session.aim(parameter.name);
  return mode === "schedule" || !mode ? parameter.default_mode : mode;
}

/** What zero means: nothing added, or what leaves the picture as it is. */
export function neutral(parameter, mode) {
  return clamp(parameter, mode, mode !== "add" && parameter.name === "zoom" ? 1 : 0);
}

/** Ends what the page adds to these, or what it has put in their place. */
export function zero(session, parameters) {
  const values = parameters.map((parameter) => {
    const mode = movingMode(session, parameter);
    return [parameter.name, { mode, value: neutral(parameter, mode) }];
  });
  return steer(session, Object.fromEntries(values));
}

export function figure(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toFixed(Math.abs(value) < 10 ? 4 : 2)));
}
