// One row per parameter: its value at the last frame and where that goes, whose value it is, and a slider to set it.

import { byId, element, setText } from "../dom.js";
import { clamp, figure, movingMode, range, steer } from "./steer.js";

const MODES = { schedule: "use schedule", replace: "use mine", add: "add mine" };
const TITLES = { diffusion: "Diffusion", noise: "Noise", image: "Picture", seed: "Seed" };
const DRAG_MS = 120;
/** What reaches further is typed. */
const LONGEST_SLIDER = 100_000;

/** Fills `container` with rows of `names`; `reset` gives rows a button that sets the value it has for their name. */
export function showRows(session, container, names, { reset = {} } = {}) {
  const rows = names.map((name) => new Row(session, session.parameters.get(name), reset[name]));
  container.replaceChildren(...rows.map((row) => row.node));
  session.on("change", () => rows.forEach((row) => row.show()));
  session.on("snapshot", () => rows.forEach((row) => row.forget()));
  rows.forEach((row) => row.show());
}

class Row {
  #session;
  #parameter;
  #parts;
  #typed = false;
  #timer = null;
  #last = null;

  constructor(session, parameter, reset) {
    this.#session = session;
    this.#parameter = parameter;
    const id = `value-${parameter.name}`;
    const texts = parameter.choices ?? [];
    const part = {
      trend: element("span", { className: "trend" }),
      now: element("output", { id: `${id}-now` }),
      mode: element("select", { id: `${id}-mode` }, ...parameter.modes.map((mode) => element("option", { value: mode, textContent: MODES[mode] ?? mode }))),
      slider: element("input", { type: "range", id: `${id}-slider`, hidden: texts.length > 0 || parameter.high > LONGEST_SLIDER }),
      value: texts.length
        ? element("select", { id }, ...texts.map((text) => element("option", { value: text, textContent: text })))
        : element("input", { type: "number", id, step: "any" }),
      at: element("p", { className: "hint at", id: `${id}-at` }),
      error: element("p", { className: "error", id: `${id}-error` }),
    };
    part.mode.setAttribute("aria-label", `${parameter.label}: whose value`);
    part.slider.setAttribute("aria-label", `${parameter.label}, slider`);
    part.value.setAttribute("aria-describedby", `${id}-at ${id}-error`);
    const label = element("label", { htmlFor: id, textContent: parameter.label });
    if (parameter.unit) label.append(element("span", { className: "unit", textContent: ` ${parameter.unit}` }));
    const tools = element("div", { className: "slider" }, part.slider, part.value);
    if (reset !== undefined) {
      const button = element("button", { type: "button", className: "quiet small", textContent: `Reset to ${reset}` });
      button.addEventListener("click", () => this.#send(reset, "replace"));
      tools.append(button);
    }
    this.node = element("div", { className: "value-row" }, label, element("span", { className: "now" }, part.trend, part.now), part.mode, tools, part.at, part.error);
    this.node.dataset.name = parameter.name;
    this.#parts = part;
    part.mode.addEventListener("change", () => this.#choose(part.mode.value));
    part.slider.addEventListener("input", () => this.#drag());
    part.slider.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      if (session.canSteer) this.#choose("schedule");
    });
    part.value.addEventListener("input", () => (this.#typed = true));
    part.value.addEventListener("change", () => this.#type());
  }

  /** The newest frame is no longer the one before: no trend. */
  forget() {
    this.#last = null;
  }

  show() {
    const { name } = this.#parameter;
    const { now, mode, slider, value, at } = this.#parts;
    const effective = this.#session.state?.effective?.[name];
    setText(now, figure(effective));
    this.#showTrend(effective);
    const aim = this.#session.aim(name);
    const steered = Boolean(aim.mode) && aim.mode !== "schedule";
    if (document.activeElement !== mode) mode.value = steered ? aim.mode : "schedule";
    this.node.dataset.mode = mode.value;
    const [low, high] = range(this.#parameter, movingMode(this.#session, this.#parameter));
    Object.assign(slider, { min: low, max: high, step: this.#parameter.step });
    if (value.type === "number") Object.assign(value, { min: low, max: high });
    const shown = steered ? aim.value : this.#parameter.default_mode === "add" ? 0 : effective;
    if (shown !== undefined && shown !== null && this.#timer === null) {
      slider.value = shown;
      if (!this.#typed) value.value = typeof shown === "number" ? figure(shown) : shown;
    }
    setText(at, this.#told());
  }

  #showTrend(effective) {
    const { trend } = this.#parts;
    if (typeof effective !== "number") return;
    if (this.#last !== null && effective !== this.#last) {
      trend.dataset.trend = effective > this.#last ? "rising" : "falling";
      setText(trend, effective > this.#last ? "▲" : "▼");
      trend.setAttribute("role", "img");
      trend.setAttribute("aria-label", trend.dataset.trend);
    }
    this.#last = effective;
  }

  /** Where the last command about this parameter took effect. */
  #told() {
    const mine = (command) => command.kind?.startsWith("set") && this.#parameter.name in (command.body?.values ?? {});
    const command = this.#session.commands.findLast(mine);
    if (!command) return "";
    if (command.state === "applied") return `applied at frame ${command.applied_at_frame}`;
    return command.state === "refused" ? `refused: ${command.refused}` : "sent, waits for the next frame";
  }

  #choose(mode) {
    const { name } = this.#parameter;
    if (mode === "schedule") steer(this.#session, { [name]: { mode } });
    else if (mode === "add") this.#send(0, mode);
    else this.#send(this.#session.state?.effective?.[name] ?? this.#read(), mode);
  }

  /** What is dragged over is not all sent: the newest place is, every now and then. */
  #drag() {
    this.#parts.value.value = this.#parts.slider.value;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#send(Number(this.#parts.slider.value), null, { merge: true });
    }, DRAG_MS);
  }

  async #type() {
    if (this.#parts.value.value === "") {
      this.#typed = false;
      return;
    }
    // Out of range goes to the studio as it was typed, which says what is wrong; what was typed stays.
    const row = await this.#send(this.#read(), null, { exact: true });
    if (row) this.#typed = false;
  }

  #read() {
    const { value } = this.#parts;
    return value.type === "number" ? Number(value.value) : value.value;
  }

  #send(value, wish, { merge = false, exact = false } = {}) {
    const mode = wish ?? movingMode(this.#session, this.#parameter);
    const kept = exact || typeof value !== "number" ? value : clamp(this.#parameter, mode, value);
    return steer(this.#session, { [this.#parameter.name]: { value: kept, mode } }, { merge, smooth: !merge });
  }
}

/** The panel of what is neither motion nor a ControlNet, under the table's own headings. */
export function showValues(session, names) {
  const groups = Map.groupBy(names, (name) => session.parameters.get(name).group ?? "");
  const parts = [];
  for (const [group, members] of groups) {
    const rows = element("div", { className: "value-rows" });
    showRows(session, rows, members);
    if (groups.size > 1) parts.push(element("h3", { textContent: TITLES[group] ?? group }));
    parts.push(rows);
  }
  byId("value-rows").replaceChildren(...parts);
  const seed = () => setText(byId("live-seed"), figure(session.state?.effective?.seed));
  session.on("change", seed);
  seed();
}
