// Where the studio's refusals are shown: beside the control that they name, else above.

import { byId, setText } from "../dom.js";

const PLACES = {
  set: {},
  set_smooth: { frames: "smooth-frames", easing: "easing" },
  prompt: { a: "prompt-a", b: "prompt-b", negative: "prompt-negative", morph: "morph", mode: "prompt-mode", bindings: "bindings" },
  extend: { frames: "extend-frames" },
  rewind: { frame: "rewind-frame", restore_values: "rewind-frame" },
  loop: { start: "loop", end: "loop" },
  snapshot: { name: "snapshot-name" },
  recall: { name: "snapshot-name" },
};

export function showErrors(session) {
  const marked = new Map();
  session.on("sent", ({ kind, body }) => clear(marked, kind, body));
  session.on("refused", ({ kind, body, error }) => {
    clear(marked, kind, body);
    const elsewhere = [];
    for (const [field, reasons] of Object.entries(error.fields ?? {})) {
      const place = placeOf(kind, field);
      if (place && byId(`${place}-error`)) {
        complain(place, reasons.join(" "));
        marked.set(place, kind);
      } else elsewhere.push(`${field}: ${reasons.join(" ")}`);
    }
    if (elsewhere.length || !Object.keys(error.fields ?? {}).length) complain("live-error", elsewhere.join(" ") || error.message);
    byId([...marked.keys()].at(-1))?.focus?.();
  });
  // The studio took it, and the renderer could make nothing of it.
  session.on("ack", ({ state, number, kind, refused }) => {
    if (state === "refused") complain("live-error", `Command ${number} (${kind ?? "?"}) was refused: ${refused}`);
  });
}

/** Puts a reason beside a control; an empty one takes it away. */
export function complain(id, reason) {
  const control = byId(id);
  if (control?.matches("input, select, textarea")) control.setAttribute("aria-invalid", String(Boolean(reason)));
  setText(byId(`${id}-error`) ?? byId("live-error"), reason);
}

function clear(marked, kind, body) {
  for (const [place, about] of marked) {
    const other = about.startsWith("set") && !(place.replace("value-", "") in (body.values ?? {})) && !Object.values(PLACES.set_smooth).includes(place);
    if (about !== kind && !(about.startsWith("set") && kind.startsWith("set"))) continue;
    if (other) continue;
    complain(place, "");
    marked.delete(place);
  }
  complain("live-error", "");
}

function placeOf(kind, field) {
  const [first, name] = field.split(".");
  if (first === "values" && name) return `value-${name}`;
  if (first === "bindings" && name) return `binding-${name}`;
  return PLACES[kind]?.[first];
}
