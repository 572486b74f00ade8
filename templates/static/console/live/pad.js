// A pad: a button per direction, the values they have come to, the size of a step, and whose values they are.

import { element, setText } from "../dom.js";
import { clamp, figure, movingMode, smoothing, steer, zero } from "./steer.js";

const ARROWS = { up: "↑", down: "↓", left: "←", right: "→" };
const MODES = { schedule: "use schedule", replace: "use mine", add: "add mine" };
const DOUBLE_TAP_MS = 300;
const steps = new Map();

export class Pad {
  #session;
  #parameters;
  #step;
  #mode;
  #values = new Map();

  /** `ways`: {place, word, parameter, sign} each; none where the animation's mode has no such motion. */
  constructor(session, name, ways, step) {
    this.#session = session;
    this.#parameters = [...new Set(ways.map(({ parameter }) => parameter))].sort((a, b) => a.axis.localeCompare(b.axis));
    const id = `pad-${name.toLowerCase()}`;
    const grid = element("div", { className: "pad-grid" }, ...ways.map((way) => this.#button(name, way)));
    const centre = element("button", { type: "button", className: "pad-centre", textContent: "0" });
    centre.setAttribute("aria-label", `${name}: all to zero`);
    centre.addEventListener("click", () => zero(session, this.#parameters));
    if (ways.length) grid.append(centre);
    this.#step = element("input", { type: "number", id: `${id}-step`, min: 0, step: "any", value: steps.get(id) ?? step });
    this.#step.addEventListener("change", () => steps.set(id, this.#step.value));
    const modes = this.#parameters[0]?.modes ?? [];
    this.#mode = element("select", { id: `${id}-mode` }, ...modes.map((mode) => element("option", { value: mode, textContent: MODES[mode] })));
    this.#mode.setAttribute("aria-label", `${name}: whose values`);
    this.#mode.addEventListener("change", () => this.#choose(this.#mode.value));
    for (const parameter of this.#parameters) this.#values.set(parameter.name, element("output", { title: parameter.label }));
    this.node = element(
      "div",
      { className: "pad", id },
      element("div", { className: "pad-head" }, element("h3", { textContent: name }), element("span", { className: "pad-values" }, ...this.#parameters.map((parameter) => this.#value(parameter)))),
      ...(ways.length
        ? [grid, element("div", { className: "pad-foot" }, element("label", { htmlFor: `${id}-step`, textContent: "Step" }), this.#step, this.#mode)]
        : [element("p", { className: "hint", textContent: "Not in this animation's mode." })]),
    );
    this.node.setAttribute("role", "group");
    this.node.setAttribute("aria-label", name);
    this.show();
  }

  show() {
    for (const parameter of this.#parameters) {
      const aim = this.#session.aim(parameter.name);
      setText(this.#values.get(parameter.name), aim.mode && aim.mode !== "schedule" ? figure(aim.value) : "–");
    }
    const [first] = this.#parameters;
    if (first && document.activeElement !== this.#mode) this.#mode.value = this.#session.aim(first.name).mode ?? "schedule";
  }

  /** Where two axes share a pad, each says which it is. */
  #value(parameter) {
    const axis = this.#parameters.length > 1 ? `${parameter.axis.at(-1)} ` : "";
    return element("span", {}, axis, this.#values.get(parameter.name));
  }

  #button(name, { place, word, parameter, sign }) {
    const button = element("button", { type: "button", className: `pad-${place}`, textContent: ARROWS[place] });
    button.setAttribute("aria-label", `${name} ${word}`);
    let tapped = -Infinity;
    button.addEventListener("click", (event) => {
      const double = event.pointerType === "touch" && event.timeStamp - tapped < DOUBLE_TAP_MS;
      tapped = event.timeStamp;
      if (double) zero(this.#session, [parameter]);
      else this.#move(parameter, sign * Number(this.#step.value));
    });
    button.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      // A long touch opens menus, too; it has moved nothing yet, and zeroes nothing.
      if (event.pointerType !== "touch" && this.#session.canSteer) zero(this.#session, [parameter]);
    });
    button.addEventListener("keydown", (event) => ["Delete", "Backspace"].includes(event.key) && zero(this.#session, [parameter]));
    return button;
  }

  /** A step on from where it goes, or, for motions that clicks don't extend, from where it is. */
  #move(parameter, by) {
    const { frames, exponential } = smoothing();
    const { mode, value: goal } = this.#session.aim(parameter.name);
    const { value: place } = this.#session.live(parameter.name);
    const into = movingMode(this.#session, parameter);
    const started = into === "add" ? 0 : this.#session.state?.effective?.[parameter.name] ?? 0;
    const from = mode === into ? (frames && !exponential ? place : goal) ?? started : started;
    steer(this.#session, { [parameter.name]: { mode: into, value: clamp(parameter, into, from + by) } });
  }

  #choose(mode) {
    const values = this.#parameters.map((parameter) => {
      const value = mode === "add" ? 0 : this.#session.state?.effective?.[parameter.name] ?? 0;
      return [parameter.name, mode === "schedule" ? { mode } : { mode, value: clamp(parameter, mode, value) }];
    });
    steer(this.#session, Object.fromEntries(values));
  }
}
