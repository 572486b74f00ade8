// Schedules as curves: the numbers that the studio computes, drawn by hand, or typed into the table of keyframes beside them.

import { element, keepList, setText } from "../dom.js";
import { composed } from "./composed.js";
import { ScheduleError, formatSchedule, parseSchedule, plainNumber, splice } from "./keyframes.js";
import { schedules } from "./numbers.js";
import { button, calm, explain, field, group, note, number, select } from "./parts.js";
import { Plot, bounds, drawSmall, smallPlot } from "./plot.js";

/** Of what is drawn, in pixels: a hand trembles that much. */
const TREMBLE = 1.5;
const MOST_ROWS = 60;

let chosen = "zoom";

/** Builds the panel in `host`; answers what takes it down again. */
export function mount(host, session) {
  const panel = new Curves(host, session);
  return () => panel.close();
}

class Curves {
  #session;
  #values = new Map();
  #errors = new Map();
  #rendered = new Map();
  #asked = 0;
  #offs = [];
  #said = note();
  #refused = note();
  #name = select([]);
  #low = number("", {});
  #high = number("", {});
  #rows = element("tbody");
  #text = element("code", { className: "schedule-text" });
  #overview = element("ul", { className: "overview" });

  constructor(host, session) {
    this.#session = session;
    this.#ask = calm(() => this.#compute());
    const plotted = element("div", { className: "plot-side" });
    this.plot = new Plot(plotted, { onDraw: (start, drawn) => this.#drawn(start, drawn) });
    this.#name.addEventListener("change", () => this.#choose(this.#name.value));
    for (const input of [this.#low, this.#high]) {
      input.placeholder = "auto";
      input.addEventListener("input", () => this.#show());
    }
    const table = element(
      "table",
      { className: "keyframes" },
      element("caption", { textContent: "Keyframes" }),
      element("thead", {}, element("tr", {}, ...["Frame", "Value", ""].map((text) => element("th", { scope: "col", textContent: text })))),
      this.#rows,
    );
    this.#rows.addEventListener("change", (event) => this.#typed(event.target));
    const heads = group(
      "pair three",
      "What is plotted",
      field("Schedule", this.#name),
      field("Lowest shown", this.#low),
      field("Highest shown", this.#high),
    );
    const side = element(
      "div",
      { className: "table-side" },
      table,
      button("Add a keyframe", () => this.#add(), { className: "quiet small" }),
    );
    host.append(
      heads,
      element("div", { className: "curve" }, plotted, side),
      this.#refused.node,
      this.#said.node,
      this.#text,
      this.#overview,
    );
    this.#offs.push(composed.onChange(this.#ask));
    if (session.on) {
      const moved = () => this.plot.mark(session.state?.frame ?? null);
      this.#offs.push(
        session.on("frame", (data) => this.#framed(data)),
        session.on("progress", moved),
        session.on("snapshot", moved),
      );
      this.#offs.push(session.on("rewind", ({ frame }) => this.#cut(frame)));
    }
    this.#compute();
  }
  #ask;

  close() {
    this.#ask.stop();
    this.#asked = Infinity;
    this.plot.close();
    this.#offs.forEach((off) => off());
  }

  async #compute() {
    const texts = composed.schedules();
    const asked = (this.#asked += 1);
    try {
      const { values, errors } = await schedules(this.#session.api, texts, { frames: composed.frames, seed: composed.seed });
      if (asked !== this.#asked) return;
      this.#values = values;
      this.#errors = errors;
      this.#show();
    } catch (error) {
      if (asked === this.#asked && error.name !== "AbortError") this.#said.say(explain(error), { wrong: true });
    }
  }

  #choose(name) {
    chosen = name;
    this.#low.value = "";
    this.#high.value = "";
    this.#show();
  }

  #show() {
    const texts = composed.schedules();
    if (!texts.has(chosen)) chosen = texts.keys().next().value;
    if (!chosen) return;
    const names = [...texts.keys()];
    if (this.#name.options.length !== names.length) {
      this.#name.replaceChildren(...names.map((name) => element("option", { value: name, textContent: composed.label(name) })));
    }
    this.#name.value = chosen;
    const values = this.#values.get(chosen) ?? [];
    const typed = (input) => (input.value === "" ? undefined : Number(input.value));
    let range = bounds(values, { low: typed(this.#low), high: typed(this.#high) });
    if (!(range.low < range.high)) range = bounds(values);
    const frame = this.#session.state?.frame ?? null;
    this.plot.show(values, { label: composed.label(chosen), range, over: [...(this.#rendered.get(chosen) ?? [])], frame });
    setText(this.#text, texts.get(chosen));
    const reason = this.#errors.get(chosen);
    this.#said.say(reason ?? `Draw over the curve, or edit the keyframes. ${composed.frames} frames.`, { wrong: Boolean(reason) });
    this.#table(texts.get(chosen));
    this.#list(texts);
  }

  /** Every schedule in small; a click puts it into the plot. */
  #list(texts) {
    keepList(this.#overview, [...texts.keys()], {
      key: (name) => name,
      create: (name) => {
        const pick = button(composed.label(name), () => this.#choose(name), { className: "quiet small" });
        return element("li", {}, pick, smallPlot());
      },
      update: (node, name) => {
        const [pick, spark] = node.children;
        pick.setAttribute("aria-pressed", String(name === chosen));
        node.classList.toggle("wrong", this.#errors.has(name));
        drawSmall(spark, this.#values.get(name) ?? []);
      },
    });
  }

  #table(text) {
    let keyframes = [];
    try {
      keyframes = parseSchedule(text);
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
    }
    const shown = keyframes.slice(0, MOST_ROWS).map((keyframe, index) => ({ ...keyframe, index }));
    keepList(this.#rows, shown, {
      key: ({ index }) => index,
      create: ({ index }) => {
        const cell = (kind, label) => {
          const input = element("input", { type: "text", autocomplete: "off", spellcheck: false });
          Object.assign(input.dataset, { index, kind });
          input.setAttribute("aria-label", `${label} of keyframe ${index + 1}`);
          return element("td", {}, input);
        };
        const drop = button("Remove", () => this.#remove(index), { className: "quiet small", label: `Remove keyframe ${index + 1}` });
        return element("tr", {}, cell("position", "Frame"), cell("text", "Value"), element("td", {}, drop));
      },
      update: (node, { position, text: value }) => {
        const [frame, entry] = node.querySelectorAll("input");
        if (document.activeElement !== frame || frame.value === "") frame.value = position;
        if (document.activeElement !== entry || entry.value === "") entry.value = value.replace(/^\((.*)\)$/s, "$1");
      },
    });
    if (keyframes.length > MOST_ROWS) this.#said.say(`The table shows the first ${MOST_ROWS} of ${keyframes.length} keyframes.`);
  }

  #keyframes() {
    return parseSchedule(composed.schedules().get(chosen));
  }

  #typed(input) {
    const { index, kind } = input.dataset;
    this.#edit((keyframes) => {
      const entry = input.value.trim();
      if (!entry) throw new ScheduleError(`The ${kind === "text" ? "value" : "frame"} is missing.`);
      const changed = { ...keyframes[index], [kind]: kind === "text" ? `(${entry})` : entry };
      parseSchedule(formatSchedule([changed]));
      const others = keyframes.filter((_, place) => place !== Number(index));
      return ordered([...others, changed]);
    });
  }

  #add() {
    this.#edit((keyframes) => {
      const taken = new Set(keyframes.map(({ position }) => position));
      const wanted = this.#session.state?.frame ?? Math.floor(composed.frames / 2);
      let frame = Math.min(wanted, composed.frames - 1);
      while (taken.has(String(frame)) && frame < composed.frames - 1) frame += 1;
      const value = this.#values.get(chosen)?.[frame] ?? 0;
      return ordered([...keyframes, { position: String(frame), text: `(${Number(value.toPrecision(8))})` }]);
    });
  }

  #remove(index) {
    this.#edit((keyframes) => {
      if (keyframes.length === 1) throw new ScheduleError("One keyframe has to stay.");
      return keyframes.filter((_, place) => place !== index);
    });
  }

  #edit(change) {
    try {
      this.#write(formatSchedule(change(this.#keyframes())));
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      this.#refused.say(error.message, { wrong: true });
    }
  }

  #drawn(start, drawn) {
    const values = this.#values.get(chosen);
    if (values) this.#write(splice(composed.schedules().get(chosen), values, start, drawn, TREMBLE * this.plot.pixel));
  }

  #write(text) {
    this.#refused.say("");
    composed.write(chosen, text);
    this.#show();
  }

  #framed({ frame, effective = {} }) {
    for (const [name, value] of Object.entries(effective)) {
      if (typeof value !== "number") continue;
      if (!this.#rendered.has(name)) this.#rendered.set(name, new Map());
      this.#rendered.get(name).set(frame, value);
    }
    this.#show();
  }

  #cut(frame) {
    for (const points of this.#rendered.values()) for (const at of points.keys()) if (at > frame) points.delete(at);
    this.#show();
  }
}

/** By their frames; where an expression decides one, as they were. */
function ordered(keyframes) {
  const frames = keyframes.map(({ position }) => plainNumber(position));
  if (frames.includes(null)) return keyframes;
  return keyframes.sort((a, b) => plainNumber(a.position) - plainNumber(b.position));
}
