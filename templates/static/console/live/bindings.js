// What {{names}} in the live prompts stand for: two words that one blends into the other, or a word with a weight.

import { byId, element, keepList, setText } from "../dom.js";
import { order, smoothing } from "./steer.js";

const HIGHEST = { blend: 1, weight: 2 };
const PLACE = /\{\{ *([A-Za-z0-9_-]{1,40}) *\}\}/g;
const NAME = /^[A-Za-z0-9_-]{1,40}$/;

export class Bindings {
  #session;
  #rows = new Map();

  constructor(session, { onChanged }) {
    this.#session = session;
    this.onChanged = onChanged;
    byId("bindings").replaceChildren();
  }

  /** Of a name in these texts that nothing is bound to yet, else of a free one; the fields are there to be filled. */
  add(texts) {
    const free = (name) => !this.#rows.has(name);
    let number = 1;
    while (!free(`word${number}`)) number += 1;
    const name = Array.from(texts.matchAll(PLACE), ([, found]) => found).find(free) ?? `word${number}`;
    this.#rows.set(name, { kind: "blend", a: "", b: "", value: 0, on: true, typed: true });
    this.onChanged();
    byId(`binding-${name}-a`).focus();
  }

  load(saved) {
    for (const [name, row] of Object.entries(saved)) {
      if (!NAME.test(name) || row?.constructor !== Object) throw new Error("These are no saved prompts.");
      const kind = row.kind === "weight" ? "weight" : "blend";
      this.#rows.set(name, { kind, a: String(row.a ?? ""), b: String(row.b ?? ""), value: Number(row.value) || 0, on: row.on !== false, typed: true });
    }
  }

  form() {
    return Object.fromEntries(Array.from(this.#rows, ([name, row]) => [name, body(row)]));
  }

  /** What has been typed and not sent. */
  get typed() {
    const rows = Array.from(this.#rows).filter(([, row]) => row.typed);
    return Object.fromEntries(rows.map(([name, row]) => [name, body(row)]));
  }

  /** These have been sent; what was typed meanwhile has not. */
  sent(bindings) {
    for (const [name, sent] of Object.entries(bindings)) {
      const row = this.#rows.get(name);
      if (row && JSON.stringify(body(row)) === JSON.stringify(sent)) row.typed = false;
    }
  }

  show() {
    const known = this.#session.state?.bindings ?? {};
    for (const [name, row] of Object.entries(known)) {
      const mine = this.#rows.get(name);
      if (!mine?.typed) this.#rows.set(name, { ...row, value: row.target ?? row.value });
    }
    for (const [name, row] of this.#rows) if (!row.typed && !(name in known)) this.#rows.delete(name);
    keepList(byId("bindings"), Array.from(this.#rows, ([name, row]) => ({ ...row, name })), {
      key: (row) => row.name,
      create: (row) => this.#create(row.name),
      update: (node, row) => this.#update(node, row),
    });
  }

  #create(name) {
    const id = `binding-${name}`;
    const field = (part, node, label) => element("div", { className: "control" }, element("label", { htmlFor: `${id}-${part}`, textContent: label }), Object.assign(node, { id: `${id}-${part}` }));
    const nodes = {
      kind: element("select", {}, element("option", { value: "blend", textContent: "blend" }), element("option", { value: "weight", textContent: "weight" })),
      a: element("input", { type: "text", maxLength: 500 }),
      b: element("input", { type: "text", maxLength: 500 }),
      value: element("input", { type: "range", min: 0, step: 0.01 }),
    };
    const on = element("input", { type: "checkbox", id: `${id}-on` });
    const send = element("button", { type: "button", className: "quiet small", textContent: "Send" });
    const remove = element("button", { type: "button", className: "quiet small danger", textContent: "Remove" });
    send.setAttribute("aria-label", `Send ${name}`);
    remove.setAttribute("aria-label", `Remove ${name}`);
    const edit = (changes, sends) => {
      Object.assign(this.#rows.get(name), changes, { typed: true });
      if (sends) this.#send(name);
      else this.onChanged();
    };
    nodes.kind.addEventListener("change", () => edit({ kind: nodes.kind.value, value: Math.min(nodes.value.value, HIGHEST[nodes.kind.value]) }, true));
    for (const part of ["a", "b"]) nodes[part].addEventListener("input", () => edit({ [part]: nodes[part].value }));
    nodes.value.addEventListener("input", () => edit({ value: Number(nodes.value.value) }));
    nodes.value.addEventListener("change", () => this.#send(name));
    on.addEventListener("change", () => edit({ on: on.checked }, true));
    send.addEventListener("click", () => this.#send(name));
    remove.addEventListener("click", () => this.#remove(name));
    const node = element(
      "div",
      { className: "word-binding" },
      element("div", { className: "word-head" }, element("code", { textContent: `{{${name}}}` }), element("label", { className: "check" }, on, " on"), element("output"), send, remove),
      element("div", { className: "word-fields" }, field("kind", nodes.kind, "Kind"), field("a", nodes.a, "Word A"), field("b", nodes.b, "Word B")),
      field("value", nodes.value, "Value"),
      element("p", { className: "error", id: `${id}-error` }),
    );
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", `Binding ${name}`);
    for (const control of Object.values(nodes)) control.setAttribute("aria-describedby", `${id}-error`);
    return node;
  }

  #update(node, row) {
    const part = (name) => node.querySelector(`#${CSS.escape(`binding-${row.name}-${name}`)}`);
    part("value").max = HIGHEST[row.kind];
    for (const name of ["kind", "a", "b", "value"]) if (part(name).value !== String(row[name] ?? "")) part(name).value = row[name] ?? "";
    part("on").checked = row.on !== false;
    part("b").parentElement.hidden = row.kind === "weight";
    setText(node.querySelector("output"), Number(row.value ?? 0).toFixed(2));
  }

  async #send(name) {
    const sent = body(this.#rows.get(name));
    const { frames, easing } = smoothing();
    const stored = await order(this.#session, "prompt", { bindings: { [name]: { ...sent, ...(frames && { frames, easing }) } } });
    if (stored) this.sent({ [name]: sent });
    this.onChanged();
  }

  async #remove(name) {
    const known = name in (this.#session.state?.bindings ?? {});
    if (known && !(await order(this.#session, "prompt", { bindings: { [name]: null } }))) return;
    this.#rows.delete(name);
    if (this.#session.state?.bindings) delete this.#session.state.bindings[name];
    this.onChanged();
  }
}

const body = ({ kind, a, b, value, on }) => ({ kind, a, b: b ?? "", value, on: on !== false });
