// Whose schedules are plotted: those of the form, which can be changed, or those of a render in hand, which are what they are.

import { composed } from "./composed.js";

export const form = {
  writable: true,
  load: async () => {},
  texts: () => composed.schedules(),
  label: (name) => composed.label(name),
  write: (name, text) => composed.write(name, text),
  onChange: (listener) => composed.onChange(listener),
  get frames() {
    return composed.frames;
  },
  get seed() {
    return composed.seed;
  },
};

/** The settings a render was asked for with; what was steered since is drawn over them. */
export class RenderSource {
  #session;
  #settings = null;
  writable = false;

  constructor(session) {
    this.#session = session;
  }

  async load() {
    this.#settings ??= await this.#session.api.get(`/api/v1/deforum-settings/${this.#session.state.videoId}`);
  }

  /** What the form has a name for, and what can be steered. */
  texts() {
    const names = new Set([...composed.schedules().keys(), ...this.#session.names]);
    const said = Array.from(names, (name) => [name, this.#settings?.[name]]);
    return new Map(said.filter(([, text]) => typeof text === "string" && /:/.test(text)));
  }

  label(name) {
    // The form's own words first: they tell the zoom in 2D from that in 3D.
    const label = composed.label(name);
    return label === name ? (this.#session.parameters.get(name)?.label ?? name) : label;
  }

  onChange() {
    return () => {};
  }

  get frames() {
    return Math.max(this.#settings?.max_frames ?? 1, this.#session.state.frames_total ?? 1);
  }

  get seed() {
    return Math.max(0, this.#settings?.seed ?? 0);
  }
}
