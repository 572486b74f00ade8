// One render job as a page follows and steers it: the state that every panel shows, and the one way to send commands.
//
// state: what GET /api/video-jobs/{id}/steering answers, kept up to date by the job's events. Never written to from outside.
// Events for on(name, listener):
//   "change"      anything in state, control or connection is different; for panels that just draw what is there
//   "snapshot"    the whole state is new: the first one, and after a reconnection
//   "state", "progress", "frame", "ack", "control", "rewind"    the server's own events, with their data, after state took them
//   "sent"        {number, kind, body, before}: a command was stored; before: state as it was (see `before`), for undo
//   "refused"     {kind, body, error}: the studio said no; error.fields names the fields
//   "connection"  {trouble}: why nothing comes, or an empty text
//   "closed"      the session is over: another job was chosen

import { Control } from "./control.js";
import { Outbox } from "./outbox.js";
import { EventStream } from "./stream.js";

const FINISHED = ["completed", "failed", "cancelled"];
const KEPT_COMMANDS = 200;
/** After that a command is sent again: what says nothing may have been cut. */
const COMMAND_MS = 15_000;
const REFRESH_MS = 250;

export class JobSession {
  #listeners = new Map();
  #stream;
  #outbox;
  #settling = new Map();
  #wanted = new Map();
  #changing = false;
  #ended = new AbortController();
  #refreshing = null;
  #rewound = false;
  state = null;
  trouble = "";
  closed = false;
  /** The commands this page knows of, oldest first: {number, kind, body, state, applied_at_frame, effective, refused, mine}. */
  commands = [];

  /** `table`: what GET /api/steering answers. */
  constructor(api, jobId, table) {
    this.api = api;
    this.jobId = jobId;
    this.path = `/api/video-jobs/${jobId}`;
    this.kinds = table.kinds;
    this.easings = table.easings;
    /** name -> {name, label, group, low, high, step, unit, modes, default_mode, whole} */
    this.parameters = new Map(table.parameters.map((parameter) => [parameter.name, parameter]));
    this.control = new Control(this);
    this.#outbox = new Outbox((number, kind, body) => this.#post(number, kind, body), { onTrouble: (text) => this.#trouble(text) });
    this.#stream = new EventStream(
      (headers, signal) => api.open(`${this.path}/events`, headers, signal),
      (kind, data) => this.#hear(kind, data ?? {}),
      { onTrouble: (text) => this.#trouble(text), stays: () => this.canSteer },
    );
  }

  /** Follows until closed; answers the status of a refusal (404: not ours, or gone). */
  follow() {
    return this.#stream.follow();
  }

  /** Asks at once: the network is back, or the page is looked at again. */
  now() {
    this.#stream.now();
  }

  /** The network is gone. */
  cut() {
    this.#stream.cut();
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.#stream.close();
    this.#outbox.close();
    this.control.close();
    this.#ended.abort();
    clearTimeout(this.#refreshing);
    this.#tell("closed", {});
    this.#listeners.clear();
  }

  /** Calls `listener(data)` at each event of that name; answers what ends that. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name)?.delete(listener);
  }

  /** Aborted when the session is over: for addEventListener and fetch. */
  get signal() {
    return this.#ended.signal;
  }

  get finished() {
    return FINISHED.includes(this.state?.job_status);
  }

  /** Whether commands of this page are taken: it holds control of a job that goes on. */
  get canSteer() {
    return Boolean(this.state) && !this.finished && this.control.mine;
  }

  /** The names that this job can steer, in the order of the table. */
  get names() {
    const offered = new Set(this.state?.parameters ?? []);
    return [...this.parameters.keys()].filter((name) => offered.has(name));
  }

  /** What a parameter is steered to: {mode, value, target, frames_left}; mode "schedule" where it is not steered. */
  live(name) {
    return this.state?.live?.[name] ?? { mode: "schedule", value: null, target: null, frames_left: 0 };
  }

  /** What a parameter is being steered to, commands under way included: {mode, value}. What a click adds to. */
  aim(name) {
    const { mode, value, target } = this.live(name);
    return this.#wanted.get(name) ?? { mode, value: target ?? value };
  }

  /**
   * Sends a command and resolves to its stored row; its ack comes later (`settled`). Rejects with an ApiError whose `fields`
   * name what is wrong. Where the connection is lost it waits, and sends the same command again under the same number.
   * `merge`: a `set` may join one that has not left yet (dragged sliders, gamepads).
   */
  async send(kind, body = {}, { merge = false } = {}) {
    const before = this.before();
    const wanted = Object.entries(kind.startsWith("set") ? body.values : {});
    const reached = () => wanted.forEach(([name, value]) => this.#wanted.get(name) === value && this.#wanted.delete(name));
    for (const [name, value] of wanted) this.#wanted.set(name, value);
    this.#changed();
    try {
      const row = await this.#outbox.add(kind, body, { merge });
      this.settled(row.number).then(reached);
      // Its ack may have come before; what joined another command is told of with that.
      const told = this.commands.some((command) => command.number === row.number && command.mine);
      this.#remember({ ...row, body: row.body ?? body, mine: true });
      if (!told) this.#tell("sent", { number: row.number, kind, body: row.body ?? body, before });
      return row;
    } catch (error) {
      reached();
      if (["not_controller", "control_lost"].includes(error.code)) {
        this.#outbox.drop(error);
        this.control.lost();
      }
      if (error.name !== "AbortError") this.#tell("refused", { kind, body, error });
      throw error;
    } finally {
      this.#changed();
    }
  }

  /** The part of the state that commands change: what an undo goes back to. */
  before() {
    const { live = {}, prompt = {}, bindings = {}, loop = null, paused = false } = this.state ?? {};
    return structuredClone({ live, prompt, bindings, loop, paused });
  }

  /** Resolves to a command's row once it is applied or refused. */
  settled(number) {
    const row = this.commands.find((command) => command.number === number);
    if (row && row.state !== "waiting") return Promise.resolve(row);
    return new Promise((resolve) => this.#settling.set(number, [...(this.#settling.get(number) ?? []), resolve]));
  }

  /** The effective records of frames `start` to `end`, both included; at most 500. */
  frames(start, end) {
    return this.api.get(`${this.path}/frames?start=${start}&end=${end}`);
  }

  #post(number, kind, body) {
    return this.api.post(`${this.path}/commands`, { ...body, number, kind, token: this.control.token }, { timeout: COMMAND_MS });
  }

  #hear(kind, data) {
    const take = TAKE[kind];
    if (!take) return;
    if (kind === "snapshot") this.state = data;
    else if (!this.state) return;
    else take(this.state, data);
    if (kind === "snapshot") this.#restored();
    if (kind === "ack") {
      this.#remember(data);
      this.#applied(data);
    }
    if (kind === "control" || kind === "snapshot") this.control.heard(kind === "control" ? data : data.controller);
    this.#tell(kind, data);
    if (kind === "rewind") {
      this.#rewound = true;
      this.#refresh();
    }
    this.#changed();
  }

  #restored() {
    this.#outbox.lastNumber = Math.max(this.#outbox.lastNumber, this.state.last_number ?? 0);
    // Acks may have passed while nobody listened.
    const waiting = this.commands.find((command) => command.state === "waiting");
    if (waiting || !this.commands.length) this.#recall(waiting ? waiting.number - 1 : Math.max(0, (this.state.last_number ?? 0) - 30));
  }

  async #recall(after) {
    try {
      const answer = await this.api.get(`${this.path}/commands?after=${after}`);
      for (const row of answer.items ?? answer) this.#remember(row);
      this.#changed();
    } catch {
      // The next snapshot is a reason to ask again.
    }
  }

  /** What a command of this page did is shown at once; all it did, and what another's did, is asked for. */
  #applied({ number, state }) {
    const { kind, body } = this.commands.find((command) => command.number === number) ?? {};
    if (state === "applied" && kind === "set" && body) Object.assign((this.state.live ??= {}), body.values);
    if (state === "applied" || !body) this.#refresh();
  }

  /** Soon, and once for all acks of a moment. */
  #refresh() {
    this.#refreshing ??= setTimeout(async () => {
      this.#refreshing = null;
      try {
        const state = await this.api.get(`${this.path}/steering`);
        // Events that came meanwhile are newer.
        const { frame, frame_url, effective, job_status } = this.state;
        this.state = (state.frame ?? 0) < (frame ?? 0) && !this.#rewound ? { ...state, frame, frame_url, effective, job_status } : state;
        this.#rewound = false;
        this.#changed();
        // Another page's commands are known by their acks alone so far.
        const strange = this.commands.find((command) => !command.body);
        if (strange) await this.#recall(strange.number - 1);
      } catch {
        // The stream goes on, and its next snapshot puts it right.
      }
    }, REFRESH_MS);
  }

  /** Keeps one row per number. */
  #remember(row) {
    const known = this.commands.find((command) => command.number === row.number);
    const given = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
    // An ack may be quicker than the answer to its command, which knows of no frame yet.
    const late = known && known.state !== "waiting" && given.state === "waiting";
    if (late) Object.entries(known).forEach(([name, value]) => (given[name] = value ?? given[name]));
    if (known) Object.assign(known, given);
    else this.commands.push(given);
    this.commands.sort((a, b) => a.number - b.number);
    this.commands.splice(0, this.commands.length - KEPT_COMMANDS);
    const settled = this.commands.find((command) => command.number === row.number);
    if (settled && settled.state !== "waiting") {
      this.#settling.get(row.number)?.forEach((resolve) => resolve(settled));
      this.#settling.delete(row.number);
    }
  }

  #trouble(text) {
    if (text === this.trouble) return;
    this.trouble = text;
    this.#tell("connection", { trouble: text });
    this.#changed();
  }

  /** Told once per turn, however much has changed in it. */
  #changed() {
    if (this.#changing) return;
    this.#changing = true;
    queueMicrotask(() => {
      this.#changing = false;
      if (!this.closed) this.#tell("change", {});
    });
  }

  changed() {
    this.#changed();
  }

  tell(name, data) {
    this.#tell(name, data);
  }

  #tell(name, data) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(data);
      } catch (error) {
        // One panel's fault is not the others'.
        reportError(error);
      }
    }
  }
}

/** How each event changes the state. */
const TAKE = {
  snapshot: () => {},
  state: (state, data) => assign(state, data, ["job_status", "paused", "frames_done", "frames_total", "error"]),
  progress: (state, data) => assign(state, data, ["frame", "frames_done", "frames_total", "progress", "estimated_time_left"]),
  frame: (state, data) => {
    advance(state.live, data.frame - (state.frame ?? data.frame));
    advance(state.bindings, data.frame - (state.frame ?? data.frame));
    assign(state, data, ["frame", "frame_url"]);
    state.effective = { ...state.effective, ...data.effective, ...(data.seed !== undefined && { seed: data.seed }) };
  },
  ack: (state, data) => {
    state.last_number = Math.max(state.last_number ?? 0, data.number);
    if (data.state === "applied") state.effective = { ...state.effective, ...data.effective };
  },
  control: (state, data) => {
    state.controller = data.name ? { ...data } : null;
  },
  rewind: (state, data) => {
    state.frame = data.frame;
  },
};

/** Smooth motions come nearer their goals with every frame. */
function advance(motions, frames) {
  for (const motion of Object.values(motions ?? {})) {
    if (motion.frames_left > 0) motion.frames_left = Math.max(0, motion.frames_left - Math.max(0, frames));
  }
}

function assign(state, data, names) {
  for (const name of names) if (data[name] !== undefined && data[name] !== null) state[name] = data[name];
}
