// What was commanded, newest first, and the frame where it took effect.

import { byId, element, keepList, setText } from "../dom.js";
import { figure } from "./steer.js";

const SHOWN = 60;

export function showLog(session) {
  const show = () => {
    const rows = session.commands.slice(-SHOWN).reverse();
    byId("log-empty").hidden = rows.length > 0;
    keepList(byId("log"), rows, {
      key: (row) => row.number,
      create: () => element("li", {}, element("span", { className: "log-number" }), element("span", { className: "log-text" }), element("span", { className: "log-state" })),
      update: (node, row) => {
        setText(node.children[0], `#${row.number}`);
        setText(node.children[1], describe(session, row));
        setText(node.children[2], outcome(row));
        node.dataset.state = row.state;
      },
    });
  };
  session.on("change", show);
  show();
}

function outcome({ state, applied_at_frame, refused }) {
  if (state === "applied") return applied_at_frame === null || applied_at_frame === undefined ? "applied" : `frame ${applied_at_frame}`;
  return state === "refused" ? `refused: ${refused}` : "waiting";
}

/** A command in words. */
export function describe(session, { kind = "command", body = {}, effective }) {
  if (kind === "set" || kind === "set_smooth") {
    const values = Object.entries(body.values ?? {}).map(([name, { value, mode }]) => {
      const label = session.parameters.get(name)?.label ?? name;
      if (mode === "schedule") return `${label} by schedule`;
      const now = kind === "set" && name in (effective ?? {}) ? `, which makes ${figure(effective[name])}` : "";
      return `${label} ${mode === "add" && value >= 0 ? "+" : ""}${figure(value)}${mode === "add" ? now : ""}`;
    });
    return `${values.join(", ") || kind}${kind === "set_smooth" && body.frames ? ` over ${body.frames} frames` : ""}`;
  }
  if (kind === "prompt") return promptText(body);
  const details = { rewind: ` to frame ${body.frame}`, extend: ` by ${body.frames} frames`, snapshot: ` "${body.name}"`, recall: ` "${body.name}"`, replay: ` ${body.start} to ${body.end}`, loop: body.off ? " off" : ` ${body.start} to ${body.end}` };
  return `${kind}${Object.keys(body).length ? details[kind] ?? "" : ""}`;
}

function promptText({ a, b, negative, morph, bindings }) {
  const parts = [];
  if (a) parts.push(`A "${a}"`);
  if (b) parts.push(`B "${b}"`);
  if (negative) parts.push(`not "${negative}"`);
  if (typeof morph === "number") parts.push(`morph ${figure(morph)}`);
  for (const [name, binding] of Object.entries(bindings ?? {})) parts.push(`{{${name}}} ${binding ? figure(binding.value) : "removed"}`);
  return `prompt ${parts.join(", ")}`.trim();
}
