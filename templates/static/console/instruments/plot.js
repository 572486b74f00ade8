// A curve over the film's frames, drawn by hand with mouse, pen or finger.

import { element } from "../dom.js";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 46;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 20;

function shape(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return node;
}

/** As many digits as a step of that size needs. */
export const rounded = (value, step) => Number(value.toFixed(Math.min(12, Math.max(0, Math.ceil(1 - Math.log10(step))))));

/** Bounds that show `values` with some air; a constant gets room above and below. */
export function bounds(values, { low, high } = {}) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  if (!(least <= most)) [least, most] = [0, 1];
  const air = most > least ? (most - least) * 0.1 : Math.max(Math.abs(most) * 0.1, 0.1);
  return { low: low ?? least - air, high: high ?? most + air };
}

export class Plot {
  #size = { width: 600, height: 190 };
  #values = [];
  #over = [];
  #hand = [];
  #range = { low: 0, high: 1 };
  #frame = null;
  #stroke = null;
  #svg = shape("svg", { role: "img", class: "plot" });

  /** `onDraw(start, values)` hears of every stroke when it ends. */
  constructor(host, { onDraw } = {}) {
    this.onDraw = onDraw;
    this.node = element("div", { className: "plot-box" }, this.#svg);
    host.append(this.node);
    this.#sizes = new ResizeObserver(([entry]) => {
      this.#size = { width: Math.max(200, entry.contentRect.width), height: Math.max(120, entry.contentRect.height) };
      this.#draw();
    });
    this.#sizes.observe(this.node);
    this.#svg.addEventListener("pointerdown", (event) => this.#begin(event));
    this.#svg.addEventListener("pointermove", (event) => this.#go(event));
    this.#svg.addEventListener("pointerup", (event) => this.#end(event));
    this.#svg.addEventListener("pointercancel", () => this.#drop());
    addEventListener("keydown", this.#escape);
  }
  #sizes;

  close() {
    this.#sizes.disconnect();
    removeEventListener("keydown", this.#escape);
  }

  /** The numbers that are plotted, one a frame. */
  get values() {
    return this.#values;
  }

  /** How far a value moves within one pixel. */
  get pixel() {
    return (this.#range.high - this.#range.low) / (this.#size.height - TOP - BOTTOM);
  }

  /** `over`: [frame, value] of what was rendered, `hand` of what is to follow; `frame`: the newest one. */
  show(values, { label = "", range, over = [], hand = [], frame = this.#frame } = {}) {
    Object.assign(this, { label });
    this.#values = values;
    this.#over = over;
    this.#hand = hand;
    this.#range = range ?? bounds(values);
    this.#frame = frame;
    this.#draw();
  }

  mark(frame) {
    this.#frame = frame;
    this.#draw();
  }

  #x(frame) {
    return LEFT + (frame / Math.max(1, this.#values.length - 1)) * (this.#size.width - LEFT - RIGHT);
  }

  #y(value) {
    const { low, high } = this.#range;
    return this.#size.height - BOTTOM - ((value - low) / (high - low)) * (this.#size.height - TOP - BOTTOM);
  }

  /** Place (between frames, too) and value under the pointer, within the film and the range. */
  #at(event) {
    const box = this.#svg.getBoundingClientRect();
    const { low, high } = this.#range;
    const last = this.#values.length - 1;
    const along = (((event.clientX - box.left) * this.#size.width) / box.width - LEFT) / (this.#size.width - LEFT - RIGHT);
    const up =
      (this.#size.height - BOTTOM - ((event.clientY - box.top) * this.#size.height) / box.height) / (this.#size.height - TOP - BOTTOM);
    const value = low + Math.min(1, Math.max(0, up)) * (high - low);
    return { place: Math.min(1, Math.max(0, along)) * last, value };
  }

  #begin(event) {
    if (!this.onDraw || !this.#values.length || event.button) return;
    event.preventDefault();
    this.#svg.setPointerCapture(event.pointerId);
    const { place, value } = this.#at(event);
    this.#stroke = { values: new Map(), place, value, pointer: event.pointerId };
    this.#put(Math.round(place), value);
    this.#draw();
  }

  #go(event) {
    if (this.#stroke?.pointer !== event.pointerId) return;
    // A quick hand leaves out frames, and the browser moments: both are on the line between two points.
    for (const moment of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) this.#reach(this.#at(moment));
    this.#draw();
  }

  /** The line from where the hand was, at every frame on its way. */
  #reach({ place, value }) {
    const { place: before, value: from } = this.#stroke;
    const [first, last] = [Math.ceil(Math.min(before, place)), Math.floor(Math.max(before, place))];
    for (let frame = first; frame <= last; frame += 1) {
      this.#put(frame, place === before ? value : from + ((value - from) * (frame - before)) / (place - before));
    }
    Object.assign(this.#stroke, { place, value });
  }

  #put(frame, value) {
    this.#stroke.values.set(frame, rounded(value, this.pixel));
  }

  #end(event) {
    if (this.#stroke?.pointer !== event.pointerId) return;
    // The last frame reached is the nearest one, as the first was.
    this.#put(Math.round(this.#stroke.place), this.#stroke.value);
    const frames = [...this.#stroke.values.keys()].sort((a, b) => a - b);
    const drawn = frames.map((frame) => this.#stroke.values.get(frame));
    this.#stroke = null;
    this.onDraw(frames[0], drawn);
    this.#draw();
  }

  #drop() {
    this.#stroke = null;
    this.#draw();
  }

  #escape = (event) => {
    if (event.key === "Escape" && this.#stroke) this.#drop();
  };

  #draw() {
    const { width, height } = this.#size;
    const { low, high } = this.#range;
    const count = this.#values.length;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.setAttribute("aria-label", count ? summary(this.label ?? "", this.#values) : "No curve.");
    const line = (points, name) =>
      shape("polyline", {
        class: name,
        points: points.map(([frame, value]) => `${this.#x(frame).toFixed(2)},${this.#y(value).toFixed(2)}`).join(" "),
      });
    const parts = [];
    for (const value of ticks(low, high)) {
      parts.push(shape("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: this.#y(value), y2: this.#y(value) }));
      parts.push(shape("text", { x: LEFT - 6, y: this.#y(value) + 4, "text-anchor": "end" }, String(value)));
    }
    for (const frame of ticks(0, Math.max(1, count - 1)).filter(Number.isInteger)) {
      parts.push(shape("text", { x: this.#x(frame), y: height - 5, "text-anchor": "middle" }, String(frame)));
    }
    if (count)
      parts.push(
        line(
          Array.from(this.#values, (value, frame) => [frame, value]),
          "curve",
        ),
      );
    if (count === 1) parts.push(shape("circle", { class: "dot", cx: this.#x(0), cy: this.#y(this.#values[0]), r: 3 }));
    if (this.#over.length) parts.push(line(this.#over, "rendered"));
    if (this.#stroke)
      parts.push(
        line(
          [...this.#stroke.values].sort(([a], [b]) => a - b),
          "stroke",
        ),
      );
    if (this.#frame !== null && this.#frame < count) {
      parts.push(this.#upright(this.#frame, "now"));
      parts.push(shape("circle", { class: "dot", cx: this.#x(this.#frame), cy: this.#y(this.#values[this.#frame]), r: 4 }));
    }
    this.#svg.replaceChildren(...parts);
  }

  #upright(frame, name) {
    return shape("line", { class: name, x1: this.#x(frame), x2: this.#x(frame), y1: TOP, y2: this.#size.height - BOTTOM });
  }
}

/** The same in small, without figures. */
export function drawSmall(svg, values) {
  const { low, high } = bounds(values);
  const points = Array.from(values, (value, frame) => {
    const x = (frame / Math.max(1, values.length - 1)) * 120;
    return `${x.toFixed(1)},${(24 - ((value - low) / (high - low)) * 24).toFixed(1)}`;
  });
  svg.replaceChildren(...(points.length ? [shape("polyline", { points: points.join(" ") })] : []));
  svg.setAttribute("aria-label", points.length ? summary("In small", values) : "can't be computed");
}

/** An empty picture for drawSmall. */
export const smallPlot = () => shape("svg", { class: "spark", viewBox: "0 0 120 24", preserveAspectRatio: "none", role: "img" });

const short = (value) => Number(value.toPrecision(6));

function summary(label, values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const span =
    low === high
      ? `constant ${short(low)}`
      : `from ${short(values[0])} to ${short(values.at(-1))}, lowest ${short(low)}, highest ${short(high)}`;
  return `${label}: ${span}, over ${values.length} frames.`;
}

/** Four to eight round numbers from `low` to `high`. */
export function ticks(low, high) {
  const rough = (high - low) / 5;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough) * power;
  const found = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1)
    found.push(Number((index * step).toPrecision(10)));
  return found;
}
