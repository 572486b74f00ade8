// The list of parameters that a sound moves.

import { element, keepList } from "../dom.js";
import { SOURCES, boundValues } from "./binding.js";
import { composed } from "./composed.js";
import { formatSchedule, simplify } from "./keyframes.js";
import { button, explain, field, freshId, group, number, select } from "./parts.js";
import { bounds, drawSmall, smallPlot } from "./plot.js";

/** Of the way from low to high: what a written schedule may leave out. */
const TOLERANCE = 0.004;
// What moves well, and how far.
const USUAL = {
  strength_schedule: [0.65, 0.45],
  zoom: [1, 1.06],
  translation_x: [0, 6],
  translation_y: [0, 6],
  translation_z: [0, 8],
  rotation_3d_x: [0, 1.5],
  rotation_3d_y: [0, 1.5],
  rotation_3d_z: [0, 1.5],
  angle: [0, 2],
};

// Bindings outlive the panel, as the sound does.
let bindings = [];

export class BoundList {
  #session;
  #sync;
  #rows = element("ul", { className: "bound" });
  #target = select([]);

  /** `sync` is null while composing. `track()`, `film()`: what there is now. `said`: where the panel speaks. */
  constructor(session, sync, { track, film, said }) {
    Object.assign(this, { track, film, said });
    this.#session = session;
    this.#sync = sync;
    const add = button("Bind to the sound", () => this.add(this.#target.value));
    this.node = group("bindings", "What the sound moves", group("line", "New binding", field("Parameter", this.#target), add), this.#rows);
  }

  get #names() {
    if (!this.#sync) return [...composed.schedules().keys()];
    return this.#session.names.filter((name) => !this.#session.parameters.get(name).choices?.length);
  }

  #label(name) {
    return this.#session.parameters?.get(name)?.label ?? composed.label(name);
  }

  add(name) {
    if (!name) return;
    const [low, high] = USUAL[name] ?? [0, 1];
    const source = this.track()?.bpm ? "beats" : "hits";
    bindings = [...bindings.filter((binding) => binding.name !== name), { name, source, low, high, shift: 0, smoothing: 4, every: 1 }];
    this.refresh();
  }

  refresh() {
    const names = this.#names;
    if (Array.from(this.#target.options, (option) => option.value).join() !== names.join()) {
      const kept = this.#target.value;
      this.#target.replaceChildren(...names.map((name) => element("option", { value: name, textContent: this.#label(name) })));
      this.#target.value = names.includes(kept) ? kept : (names[0] ?? "");
    }
    const known = this.track() ? bindings.filter(({ name }) => names.includes(name)) : [];
    keepList(this.#rows, known, {
      key: ({ name }) => name,
      create: ({ name }) => this.#row(name),
      update: (node, binding) => this.#fill(node, binding),
    });
  }

  values(name) {
    return boundValues(
      this.track(),
      bindings.find((binding) => binding.name === name),
      this.film(),
    );
  }

  #row(name) {
    const label = this.#label(name);
    const change = (key, read) => (event) => {
      if (event.target.validity.badInput || event.target.value === "") return;
      bindings = bindings.map((binding) => (binding.name === name ? { ...binding, [key]: read(event.target.value) } : binding));
      this.refresh();
      if (this.#sync?.has(name)) this.#follow(name);
    };
    const control = (key, text, input, read = Number) => {
      input.dataset.key = key;
      input.setAttribute("aria-label", `${text}: ${label}`);
      input.addEventListener("change", change(key, read));
      return field(text, input);
    };
    const controls = group(
      "binding",
      label,
      control("source", "Moved by", select(SOURCES), String),
      control("low", "Silent", number(0)),
      control("high", "Loud", number(1)),
      control("smoothing", "Smoothing, frames", number(4, { low: 0, high: 500 })),
      control("shift", "Later by, frames", number(0, { low: -10_000, high: 10_000, step: 1 })),
      control("every", "Every nth", number(1, { low: 1, high: 64, step: 1 })),
    );
    const act = this.#sync
      ? Object.assign(
          button("Sync to render", () => this.#toggle(name)),
          { id: freshId("sync") },
        )
      : button("Write the schedule", () => this.#write(name), { className: "primary" });
    act.classList.add("act");
    const drop = button("Remove", () => this.#remove(name), { label: `Remove the binding of ${label}` });
    const head = element("div", { className: "line" }, element("strong", { textContent: label }), smallPlot(), act, drop);
    return element("li", {}, head, controls);
  }

  #fill(node, binding) {
    for (const input of node.querySelectorAll("[data-key]")) {
      if (document.activeElement !== input) input.value = binding[input.dataset.key];
    }
    drawSmall(node.querySelector("svg"), this.values(binding.name));
    if (this.#sync) node.querySelector(".act").setAttribute("aria-pressed", String(this.#sync.has(binding.name)));
  }

  #write(name) {
    const values = this.values(name);
    const { low, high } = bounds(values);
    composed.write(name, formatSchedule(simplify(values, { tolerance: TOLERANCE * (high - low) })));
    this.said.say(`${this.#label(name)} follows the sound.`);
  }

  #follow(name) {
    const values = this.values(name);
    this.#sync.follow(name, (frame) => values[frame] ?? null);
  }

  async #toggle(name) {
    if (this.#sync.has(name)) await this.#sync.leave(name).catch((error) => this.said.say(explain(error), { wrong: true }));
    else if (this.#session.canSteer) this.#follow(name);
    else this.said.say("Take control first: only who steers can move the render.", { wrong: true });
    this.refresh();
  }

  #remove(name) {
    this.#sync?.leave(name).catch(() => {});
    bindings = bindings.filter((binding) => binding.name !== name);
    this.refresh();
  }
}
