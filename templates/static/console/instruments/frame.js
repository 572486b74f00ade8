// Panels with a heading, that fold and change places; where they are and which are open is remembered in this browser.

import { element, setText } from "../dom.js";
import { recall, remember } from "./memory.js";
import { button } from "./parts.js";

const STORED = "console-layout";
const FRAMES = new Map();

/** {panels: {id: {open}}, order: [ids], saved: {name: {panels, order}}} */
export function layout() {
  const { panels, order, saved } = recall(STORED) ?? {};
  const plain = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
  return { panels: plain(panels), order: Array.isArray(order) ? order : [], saved: plain(saved) };
}

function keep(change) {
  remember(STORED, { ...layout(), ...change });
}

export const keepLayout = (name) => {
  const { panels, order, saved } = layout();
  keep({ saved: { ...saved, [name]: { panels, order } } });
};

export const forgetLayout = (name) => {
  const { [name]: _, ...saved } = layout().saved;
  keep({ saved });
};

/** Puts the panels where a kept layout has them; without one, where they are at first. */
export function applyLayout({ panels = {}, order = [] } = {}) {
  keep({ panels, order });
  for (const [id, framed] of FRAMES) framed.open(panels[id]?.open ?? framed.usual, { kept: true });
  arrange();
}

/**
 * Makes `host` a panel with this heading. `mount(body)` fills it: at once, or with `lazy` when it is first open. `open`: whether
 * it is at first.
 */
export function frame(host, title, mount, { open = true, lazy = false } = {}) {
  const body = element("div", { className: "instrument-body", id: `${host.id}-body` });
  const fold = element("button", { type: "button" });
  let mounted = false;
  const framed = {
    usual: open,
    open(wanted, { kept = false } = {}) {
      fold.setAttribute("aria-expanded", String(wanted));
      body.hidden = !wanted;
      if (!mounted && (wanted || !lazy)) {
        mounted = true;
        mount(body);
      }
      if (!kept) keep({ panels: { ...layout().panels, [host.id]: { open: wanted } } });
    },
  };
  setText(fold, title);
  fold.setAttribute("aria-controls", body.id);
  fold.addEventListener("click", () => framed.open(body.hidden));
  const moves = [
    ["▲", "up", -1],
    ["▼", "down", 1],
  ].map(([sign, word, by]) =>
    button(sign, (event) => move(host, by, event.currentTarget), { className: "quiet small move", label: `Move ${title} ${word}` }),
  );
  host.replaceChildren(element("div", { className: "instrument-head" }, element("h2", {}, fold), ...moves), body);
  FRAMES.set(host.id, framed);
  framed.open(layout().panels[host.id]?.open ?? open, { kept: true });
  arrange();
}

const panelsOf = (parent) => Array.from(parent.children).filter((node) => FRAMES.has(node.id));

function move(host, by, pressed) {
  const panels = panelsOf(host.parentElement).map((node) => node.id);
  const from = panels.indexOf(host.id);
  const to = from + by;
  if (to < 0 || to >= panels.length) return;
  [panels[from], panels[to]] = [panels[to], panels[from]];
  keep({ order: [...layout().order.filter((id) => !panels.includes(id)), ...panels] });
  arrange();
  pressed.focus();
}

/** Panels take one another's places; whatever else stands between them stays where it is. */
function arrange() {
  const { order } = layout();
  const place = (node) => (order.includes(node.id) ? order.indexOf(node.id) : Infinity);
  const parents = new Set([...FRAMES.keys()].map((id) => document.getElementById(id)?.parentElement).filter(Boolean));
  for (const parent of parents) {
    const now = panelsOf(parent);
    const first = [...FRAMES.keys()];
    const wanted = [...now].sort((a, b) => place(a) - place(b) || first.indexOf(a.id) - first.indexOf(b.id));
    if (now.every((node, index) => node === wanted[index])) continue;
    const slots = now.map((node) => {
      const slot = document.createComment("");
      node.replaceWith(slot);
      return slot;
    });
    slots.forEach((slot, index) => slot.replaceWith(wanted[index]));
  }
}
