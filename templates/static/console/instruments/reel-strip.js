// The strip of thumbnails. However long the film is, only what is in sight exists in the page.

import { element, keepList, webAddress } from "../dom.js";

const PAGE = 120;
const BESIDE = 6;
const LONG_PRESS_MS = 500;
const AGAIN_MS = 3_000;

export class Strip {
  #session;
  #rows = new Map();
  #asked = new Map();
  #count = 0;
  #width = 72;
  #chosen = 0;
  #marks = { from: null, to: null };
  #track = element("div", { className: "reel-track" });
  #closed = false;
  #press = null;
  #sizes;

  /** `onChoose(frame)`: a click; `onMenu(frame)`: a right click, or a long press; `onLoad()`: more is known. */
  constructor(session, { onChoose, onMenu, onLoad = () => {} }) {
    this.#session = session;
    this.onLoad = onLoad;
    this.node = element("div", { className: "reel", tabIndex: 0 }, this.#track);
    this.node.setAttribute("role", "listbox");
    this.node.setAttribute("aria-label", "Frames of the film; arrow keys go from one to the next");
    this.node.setAttribute("aria-orientation", "horizontal");
    this.node.addEventListener("scroll", () => this.#draw(), { passive: true });
    const at = (event) => event.target.closest("[data-key]")?.dataset.key;
    this.node.addEventListener("click", (event) => at(event) !== undefined && onChoose(Number(at(event))));
    this.node.addEventListener("contextmenu", (event) => {
      if (at(event) === undefined) return;
      event.preventDefault();
      onMenu(Number(at(event)));
    });
    this.node.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch" || at(event) === undefined) return;
      const frame = Number(at(event));
      this.#press = setTimeout(() => onMenu(frame), LONG_PRESS_MS);
    });
    for (const event of ["pointerup", "pointercancel", "pointermove", "scroll"])
      this.node.addEventListener(event, () => clearTimeout(this.#press), { passive: true });
    this.#sizes = new ResizeObserver(() => this.#draw());
    this.#sizes.observe(this.node);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#press);
    this.#sizes.disconnect();
  }

  /** What is known of a frame; undefined where its record has not come yet. */
  row(frame) {
    return this.#rows.get(frame);
  }

  length(count) {
    if (count === this.#count) return;
    this.#count = count;
    this.#draw();
  }

  /** A frame that was told of by an event. */
  learn({ frame, ...row }) {
    this.#rows.set(frame, { ...this.#rows.get(frame), ...row });
    this.#draw();
  }

  /** Frames after this one are rendered anew. */
  cut(frame) {
    for (const known of this.#rows.keys()) if (known > frame) this.#rows.delete(known);
    for (const page of this.#asked.keys()) if ((page + 1) * PAGE > frame) this.#asked.delete(page);
    this.#count = Math.min(this.#count, frame + 1);
    this.#draw();
  }

  zoom(width) {
    const middle = (this.node.scrollLeft + this.node.clientWidth / 2) / this.#width;
    this.#width = width;
    this.#draw();
    this.node.scrollLeft = middle * width - this.node.clientWidth / 2;
  }

  choose(frame, { centre = false } = {}) {
    this.#chosen = frame;
    this.#draw();
    if (centre) this.node.scrollLeft = (frame + 0.5) * this.#width - this.node.clientWidth / 2;
  }

  mark(marks) {
    this.#marks = marks;
    this.#draw();
  }

  /** The picture's address, null where there is none (yet). */
  picture(frame) {
    return webAddress(this.#rows.get(frame)?.thumbnail_url);
  }

  /** Asks for the records around a frame; resolves when they are there, or can't be had. */
  async load(frame) {
    const page = Math.floor(frame / PAGE);
    // A page that was not whole is worth another look, not one at every move of the strip.
    if (this.#closed || performance.now() < (this.#asked.get(page) ?? 0)) return;
    this.#asked.set(page, Infinity);
    try {
      const rows = await this.#session.frames(page * PAGE, (page + 1) * PAGE - 1);
      for (const row of rows) this.#rows.set(row.frame, { ...this.#rows.get(row.frame), ...row });
      if (rows.length < PAGE || rows.some((row) => !row.thumbnail_url)) this.#asked.set(page, performance.now() + AGAIN_MS);
    } catch {
      this.#asked.set(page, performance.now() + AGAIN_MS);
      return;
    }
    if (this.#closed) return;
    this.#draw({ asking: false });
    this.onLoad();
  }

  #draw({ asking = true } = {}) {
    const { scrollLeft, clientWidth } = this.node;
    const first = Math.max(0, Math.floor(scrollLeft / this.#width) - BESIDE);
    const last = Math.min(this.#count - 1, Math.ceil((scrollLeft + clientWidth) / this.#width) + BESIDE);
    const frames = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
    if (this.#chosen < this.#count && !frames.includes(this.#chosen)) frames.push(this.#chosen);
    this.#track.style.width = `${this.#count * this.#width}px`;
    this.node.style.setProperty("--frame", `${this.#width}px`);
    keepList(this.#track, frames, {
      key: (frame) => frame,
      create: (frame) => this.#cell(frame),
      update: (node, frame) => this.#update(node, frame),
    });
    this.node.setAttribute("aria-activedescendant", `reel-${this.#session.jobId}-${this.#chosen}`);
    if (asking) for (const frame of frames) if (!this.#rows.get(frame)?.thumbnail_url) this.load(frame);
  }

  #cell(frame) {
    const image = element("img", { alt: "", loading: "lazy", decoding: "async", draggable: false });
    // A picture that is gone (or not there yet) leaves its number.
    image.addEventListener("error", () => (image.hidden = true));
    const cell = element(
      "div",
      { id: `reel-${this.#session.jobId}-${frame}`, className: "reel-frame" },
      image,
      element("span", { textContent: frame }),
    );
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-label", `Frame ${frame}`);
    return cell;
  }

  #update(node, frame) {
    const { from, to } = this.#marks;
    const [image] = node.children;
    const address = this.picture(frame);
    if (address && image.getAttribute("src") !== address) {
      image.src = address;
      image.hidden = false;
    }
    if (!address) image.hidden = true;
    node.style.left = `${frame * this.#width}px`;
    node.setAttribute("aria-selected", String(frame === this.#chosen));
    node.classList.toggle("within", (from !== null || to !== null) && frame >= (from ?? 0) && frame <= (to ?? Infinity));
    node.classList.toggle("in", frame === from);
    node.classList.toggle("out", frame === to);
  }
}
