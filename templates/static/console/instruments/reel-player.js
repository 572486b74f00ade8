// A stretch of frames, played in the page from its thumbnails.

import { element } from "../dom.js";

export class Player {
  #strip;
  #onFrame;
  #timer = null;
  #image = element("img", { className: "reel-picture", alt: "", hidden: true });

  /** `onFrame(frame)` hears what is shown, and null at the end. */
  constructor({ strip, onFrame }) {
    this.#strip = strip;
    this.#onFrame = onFrame;
    this.#image.addEventListener("error", () => (this.#image.hidden = true));
    this.node = element("div", { className: "reel-player" }, this.#image);
  }

  get playing() {
    return this.#timer !== null;
  }

  show(frame) {
    if (!this.playing) this.#put(frame);
  }

  /** From `first` to `last`, over and over, until stopped. */
  play(first, last, fps) {
    this.stop();
    const started = performance.now();
    const count = Math.max(1, last - first + 1);
    let shown = -1;
    const step = () => {
      this.#timer = requestAnimationFrame(step);
      const frame = first + (Math.floor(((performance.now() - started) / 1000) * fps) % count);
      if (frame === shown) return;
      shown = frame;
      if (!this.#strip.row(frame)) this.#strip.load(frame);
      this.#put(frame);
      this.#onFrame(frame);
    };
    this.#timer = requestAnimationFrame(step);
  }

  stop() {
    if (!this.playing) return;
    cancelAnimationFrame(this.#timer);
    this.#timer = null;
    this.#onFrame(null);
  }

  #put(frame) {
    const address = this.#strip.picture(frame);
    if (!address) return;
    this.#image.hidden = false;
    this.#image.alt = `Frame ${frame}`;
    if (this.#image.getAttribute("src") !== address) this.#image.src = address;
  }
}
