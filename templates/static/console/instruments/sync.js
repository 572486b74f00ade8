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
      const parameter = this.#session.parameters.get(name);
      const value = valueAt(next);
      if (!parameter || value === null || value === undefined || !Number.isFinite(value)) continue;
      const within = Math.min(parameter.high, Math.max(parameter.low, value));
      const whole = parameter.whole ? Math.round(within) : within;
      if (this.#sent.get(name) === whole) continue;
      this.#sent.set(name, whole);
      // "replace": the recorded session has the very values of the sound, whatever the schedule was.
      values[name] = { value: whole, mode: parameter.modes?.includes("replace") ? "replace" : parameter.default_mode };
    }
    if (!Object.keys(values).length) return;
    this.#session.send("set", { values }, { merge: true }).catch(() => Object.keys(values).forEach((name) => this.#sent.delete(name)));
  }
}
