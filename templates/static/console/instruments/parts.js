// The parts that instruments are built of: labelled controls, buttons, notes.

import { element, setText } from "../dom.js";

let count = 0;
export const freshId = (stem) => `${stem}-${(count += 1)}`;

/** A control with its label above it, and a hint that is read with it. */
export function field(label, control, hint = "") {
  control.id ||= freshId("instrument");
  const parts = [element("label", { htmlFor: control.id, textContent: label }), control];
  if (hint) {
    const note = element("p", { className: "hint", id: `${control.id}-hint`, textContent: hint });
    control.setAttribute("aria-describedby", note.id);
    parts.push(note);
  }
  return element("div", { className: "control" }, ...parts);
}

export function number(value, { low, high, step = "any" } = {}) {
  const input = element("input", { type: "number", value, step });
  if (low !== undefined) input.min = low;
  if (high !== undefined) input.max = high;
  return input;
}

export function select(options, value) {
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  const node = element("select", {}, ...pairs.map(([key, text]) => element("option", { value: key, textContent: text })));
  if (value !== undefined) node.value = value;
  return node;
}

export function button(text, act, { className = "quiet", label = "" } = {}) {
  const node = element("button", { type: "button", className, textContent: text });
  if (label) node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

export function checkbox(label, checked = false) {
  const input = element("input", { type: "checkbox", checked, id: freshId("instrument") });
  return { input, node: element("div", { className: "tick" }, input, element("label", { htmlFor: input.id, textContent: label })) };
}

/** One line that is read out when it changes; `wrong` makes it an error. */
export function note() {
  const node = element("p", { className: "hint note" });
  node.setAttribute("role", "status");
  return {
    node,
    say(text, { wrong = false } = {}) {
      node.className = wrong ? "error note" : "hint note";
      setText(node, text);
    },
  };
}

export const group = (className, label, ...children) => {
  const node = element("div", { className }, ...children);
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", label);
  return node;
};

/** What a failed request says, in one line. */
export function explain(error) {
  const reasons = Object.entries(error.fields ?? {}).map(([name, texts]) => told(name, texts));
  if (reasons.length) return reasons.join(" ");
  return error.status ? error.message : "The studio does not answer.";
}

const told = (name, texts) => (texts.join(" ").includes(name.split(".").at(-1)) ? texts.join(" ") : `${name}: ${texts.join(" ")}`);

/** `act` once the calls have ceased for a while. */
export function calm(act, milliseconds = 150) {
  let timer = null;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
  later.stop = () => clearTimeout(timer);
  return later;
}

/** Gives a file to the person who asked for it. */
export function save(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
