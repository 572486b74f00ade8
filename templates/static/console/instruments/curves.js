// Schedules as curves: the numbers that the studio computes, drawn by hand, or typed into the table of keyframes beside them.
// A render's own schedules are what they are: what is drawn over them is sent frame by frame while it goes on.

import { element, keepList, setText } from "../dom.js";
import { composed } from "./composed.js";
import { RenderSource, form } from "./curve-source.js";
import { KeyframeTable } from "./keyframe-table.js";
import { splice } from "./keyframes.js";
import { schedules } from "./numbers.js";
import { button, calm, explain, field, group, note, number, select } from "./parts.js";
import { Plot, bounds, drawSmall, smallPlot } from "./plot.js";
import { Sync } from "./sync.js";

/** Of what is drawn, in pixels: a hand trembles that much. */
const TREMBLE = 1.5;

let chosen = "";

/** Builds the panel in `host`; answers what takes it down again. */
export function mount(host, session) {
  const panel = new Curves(host, session);
  const close = () => panel.close();
  session.on?.("closed", close);
  return close;
}

class Curves {
  #session;
  #source = form;
  #sync = null;
  #values = new Map();
  #errors = new Map();
  #rendered = new Map();
  #hand = new Map();
  #asked = 0;
  #offs = [];
  #said = note();
  #refused = note();
  #name = select([]);
  #low = number("");
  #high = number("");
  #text = element("code", { className: "schedule-text" });
  #overview = element("ul", { className: "overview" });
  #ask = calm(() => this.#compute());
  #take = button("Take this schedule into the form", () => this.#taken());
  #leave = button("Back to the schedule", () => this.#left());

  constructor(host, session) {
    this.#session = session;
    const plotted = element("div", { className: "plot-side" });
    this.plot = new Plot(plotted, { onDraw: (start, drawn) => this.#drawn(start, drawn) });
    this.table = new KeyframeTable({
      onEdit: (text) => this.#write(text),
      onRefuse: (reason) => this.#refused.say(reason, { wrong: true }),
      fresh: (taken) => this.#fresh(taken),
    });
    this.#name.addEventListener("change", () => this.#choose(this.#name.value));
    for (const input of [this.#low, this.#high]) {
      input.placeholder = "auto";
      input.addEventListener("input", () => this.#show());
    }
    const heads = group(
      "pair three",
      "What is plotted",
      field("Schedule", this.#name),
      field("Lowest shown", this.#low),
      field("Highest shown", this.#high),
    );
    const parts = [
      this.#refused.node,
      this.#said.node,
      group("line", "What to do with it", this.#take, this.#leave),
      this.#text,
      this.#overview,
    ];
    host.append(heads, element("div", { className: "curve" }, plotted, this.table.node), ...parts);
    if (session.jobId) this.#live();
    this.#offs.push(this.#source.onChange(this.#ask));
    this.#take.hidden = this.#source.writable;
    this.#compute();
  }

  #live() {
    const session = this.#session;
    this.#source = new RenderSource(session);
    this.#sync = new Sync(session);
    const moved = () => this.plot.mark(session.state?.frame ?? null);
    this.#offs.push(
      session.on("frame", (data) => this.#framed(data)),
      session.on("progress", moved),
      session.on("snapshot", moved),
    );
    this.#offs.push(session.on("rewind", ({ frame }) => this.#cut(frame)));
  }

  close() {
    this.#ask.stop();
    this.#asked = Infinity;
    this.#sync?.close();
    this.plot.close();
    this.#offs.forEach((off) => off());
  }

  /** The numbers that are plotted, by schedule. */
  get values() {
    return this.#values;
  }

  async #compute() {
    const asked = (this.#asked += 1);
    const source = this.#source;
    try {
      await source.load();
      const { values, errors } = await schedules(this.#session.api, source.texts(), { frames: source.frames, seed: source.seed });
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
    this.#refused.say("");
    this.#show();
  }

  #show() {
    const source = this.#source;
    const texts = source.texts();
    const names = [...texts.keys()];
    if (!texts.has(chosen)) chosen = names[0] ?? "";
    if (!chosen) return;
    if (Array.from(this.#name.options, ({ value }) => value).join() !== names.join()) {
      this.#name.replaceChildren(...names.map((name) => element("option", { value: name, textContent: source.label(name) })));
    }
    this.#name.value = chosen;
    const values = this.#values.get(chosen) ?? [];
    const rendered = [...(this.#rendered.get(chosen) ?? [])].sort(([a], [b]) => a - b);
    const hand = [...(this.#hand.get(chosen) ?? [])].sort(([a], [b]) => a - b);
    const typed = (input) => (input.value === "" ? undefined : Number(input.value));
    const all = [...values, ...rendered.map(([, value]) => value), ...hand.map(([, value]) => value)];
    let range = bounds(all, { low: typed(this.#low), high: typed(this.#high) });
    if (!(range.low < range.high)) range = bounds(all);
    const frame = this.#session.state?.frame ?? null;
    this.plot.show(values, { label: source.label(chosen), range, over: rendered, hand, frame });
    setText(this.#text, texts.get(chosen));
    this.#leave.hidden = !this.#sync?.has(chosen);
    const reason = this.#errors.get(chosen);
    this.#said.say(reason ?? this.#hint(), { wrong: Boolean(reason) });
    this.table.show(texts.get(chosen), source);
    this.#list(texts);
  }

  #hint() {
    if (this.#source.writable) return `Draw over the curve, or edit the keyframes. ${this.#source.frames} frames.`;
    if (this.#sync.has(chosen)) return "The render follows your line, as far as it goes.";
    return "The schedule of this render, and (dashed) what was rendered. Draw ahead of the newest frame and the render follows.";
  }

  /** Every schedule in small; a click puts it into the plot. */
  #list(texts) {
    keepList(this.#overview, [...texts.keys()], {
      key: (name) => name,
      create: (name) => {
        const pick = button(this.#source.label(name), () => this.#choose(name), { className: "quiet small" });
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

  /** Frame and value of a keyframe that is added: on the curve, in the middle of the film, where there is none yet. */
  #fresh(taken) {
    const last = this.#source.frames - 1;
    let frame = Math.floor(this.#source.frames / 2);
    while (taken.includes(String(frame)) && frame < last) frame += 1;
    return [frame, Number((this.#values.get(chosen)?.[frame] ?? 0).toPrecision(8))];
  }

  #drawn(start, drawn) {
    const values = this.#values.get(chosen);
    if (!values) return;
    if (this.#source.writable) this.#write(splice(this.#source.texts().get(chosen), values, start, drawn, TREMBLE * this.plot.pixel));
    else this.#follow(start, drawn);
  }

  #write(text) {
    this.#refused.say("");
    this.#source.write(chosen, text);
    this.#show();
  }

  #follow(start, drawn) {
    const name = chosen;
    if (!this.#session.names.includes(name)) return this.#refused.say("This can't be steered in this render.", { wrong: true });
    if (!this.#session.canSteer) return this.#refused.say("Take control first: only who steers can move the render.", { wrong: true });
    if (start + drawn.length - 1 <= this.#session.state.frame) {
      return this.#refused.say("Those frames are rendered: rewind the film to change them.", { wrong: true });
    }
    this.#refused.say("");
    const points = this.#hand.get(name) ?? new Map();
    drawn.forEach((value, index) => points.set(start + index, value));
    this.#hand.set(name, points);
    this.#sync.follow(name, (frame) => points.get(frame) ?? null);
    return this.#show();
  }

  async #left() {
    this.#hand.delete(chosen);
    await this.#sync.leave(chosen).catch((error) => this.#refused.say(explain(error), { wrong: true }));
    this.#show();
  }

  #taken() {
    composed.write(chosen, this.#source.texts().get(chosen));
    this.#refused.say(`${this.#source.label(chosen)} is in the form of the next render.`);
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
