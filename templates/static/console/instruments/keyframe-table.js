// The keyframes of a schedule as a table: what the curve's drawing does, without a mouse.

import { element, keepList } from "../dom.js";
import { ScheduleError, formatSchedule, parseSchedule, plainNumber } from "./keyframes.js";
import { button } from "./parts.js";

const MOST_ROWS = 60;

export class KeyframeTable {
  #text = "";
  #rows = element("tbody");
  #add = button("Add a keyframe", () => this.#added(), { className: "quiet small" });
  #more = element("p", { className: "hint" });

  /** `onEdit(text)` hears of the changed schedule, `onRefuse(reason)` why there is none. `fresh()`: [frame, value] of a new keyframe. */
  constructor({ onEdit, onRefuse, fresh }) {
    Object.assign(this, { onEdit, onRefuse, fresh });
    this.#rows.addEventListener("change", (event) => this.#typed(event.target));
    const heads = ["Frame", "Value", "Remove"].map((text) => element("th", { scope: "col", textContent: text }));
    const table = element(
      "table",
      { className: "keyframes" },
      element("caption", { textContent: "Keyframes" }),
      element("thead", {}, element("tr", {}, ...heads)),
      this.#rows,
    );
    this.node = element("div", { className: "table-side" }, table, this.#more, this.#add);
  }

  show(text, { writable }) {
    this.#text = text;
    let keyframes = [];
    try {
      keyframes = parseSchedule(text);
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
    }
    this.#add.hidden = !writable;
    this.#more.textContent = keyframes.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${keyframes.length}.` : "";
    const shown = keyframes.slice(0, MOST_ROWS).map((keyframe, index) => ({ ...keyframe, index }));
    keepList(this.#rows, shown, {
      key: ({ index }) => index,
      create: ({ index }) => this.#row(index),
      update: (node, { position, text: value }) => {
        const [frame, entry] = node.querySelectorAll("input");
        fill(frame, position, writable);
        fill(entry, value.replace(/^\((.*)\)$/s, "$1"), writable);
        node.querySelector("button").disabled = !writable;
      },
    });
  }

  #row(index) {
    const cell = (kind, label) => {
      const input = element("input", { type: "text", autocomplete: "off", spellcheck: false });
      Object.assign(input.dataset, { index, kind });
      input.setAttribute("aria-label", `${label} of keyframe ${index + 1}`);
      return element("td", {}, input);
    };
    const drop = button("✕", () => this.#removed(index), { className: "quiet small", label: `Remove keyframe ${index + 1}` });
    return element("tr", {}, cell("position", "Frame"), cell("text", "Value"), element("td", {}, drop));
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

  #added() {
    this.#edit((keyframes) => {
      const taken = keyframes.map(({ position }) => position);
      const [frame, value] = this.fresh(taken);
      return ordered([...keyframes, { position: String(frame), text: `(${value})` }]);
    });
  }

  #removed(index) {
    this.#edit((keyframes) => {
      if (keyframes.length === 1) throw new ScheduleError("One keyframe has to stay.");
      return keyframes.filter((_, place) => place !== index);
    });
  }

  #edit(change) {
    try {
      this.onEdit(formatSchedule(change(parseSchedule(this.#text))));
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      this.onRefuse(error.message);
    }
  }
}

/** What somebody is writing stays. */
function fill(input, text, writable) {
  if (document.activeElement !== input || input.value === "") input.value = text;
  input.readOnly = !writable;
}

/** By their frames; where an expression decides one, as they were. */
function ordered(keyframes) {
  const frames = keyframes.map(({ position }) => plainNumber(position));
  if (frames.includes(null)) return keyframes;
  return keyframes.sort((a, b) => plainNumber(a.position) - plainNumber(b.position));
}
