// Values that follow the render: for each frame that is about to come, a `set` of what a curve or a sound says.

/** One per session: sources of values, each sent shortly before its frame. */
export class Sync {
  #session;
  #sources = new Map();
  #sent = new Map();
  #offs = [];

  constructor(session) {
    this.#session = session;
    this.#offs.push(
      session.on("frame", () => this.now()),
      session.on("progress", () => this.now()),
      session.on("closed", () => this.close()),
    );
  }

  close() {
    this.#offs.forEach((off) => off());
    this.#sources.clear();
  }

  has(name) {
    return this.#sources.has(name);
  }

  /** Parameter `name` follows `valueAt(frame)` from now on; null where it has nothing to say. */
  follow(name, valueAt) {
    this.#sources.set(name, valueAt);
    this.#sent.delete(name);
    this.now();
  }

  /** Gives the parameter back to its schedule. */
  async leave(name) {
    if (!this.#sources.delete(name)) return;
    this.#sent.delete(name);
    if (this.#session.canSteer) await this.#session.send("set", { values: { [name]: { mode: "schedule" } } });
  }

  /** Sends what the next frame asks for, if it is anything new. */
  now() {
    if (!this.#session.canSteer || this.#session.state.paused) return;
    const next = (this.#session.state.frame ?? -1) + 1;
    const values = {};
    for (const [name, valueAt] of this.#sources) {
      const wanted = this.#wanted(name, valueAt(next));
      if (!wanted || this.#sent.get(name) === wanted.value) continue;
      this.#sent.set(name, wanted.value);
      values[name] = wanted;
    }
    if (!Object.keys(values).length) return;
    this.#session.send("set", { values }, { merge: true }).catch(() => Object.keys(values).forEach((name) => this.#sent.delete(name)));
  }

  /** {mode, value} within what the parameter may be; null where there is nothing to say. */
  #wanted(name, value) {
    const parameter = this.#session.parameters.get(name);
    if (!parameter) return null;
    // Beyond its end the source has had its say: the schedule goes on.
    if (value === null || value === undefined) return this.#sent.get(name) === undefined ? null : { mode: "schedule" };
    // "replace": the recorded session has the very values of the source, whatever the schedule was.
    const mode = parameter.modes.includes("replace") ? "replace" : parameter.default_mode;
    const [low, high] = parameter.ranges?.[mode] ?? [parameter.low, parameter.high];
    const within = Math.min(high, Math.max(low, value));
    return { mode, value: parameter.whole ? Math.round(within) : within };
  }
}
