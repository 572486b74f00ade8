// The live view: follows one job, lets its panels show it, and takes control of it where nobody else has it.

import { byId, setText } from "./dom.js";
import { mountInstruments } from "./instruments.js";
import { showControlNets } from "./live/controlnets.js";
import { showErrors } from "./live/errors.js";
import { showFilm } from "./live/film.js";
import { showHolder } from "./live/holder.js";
import { showLog } from "./live/log.js";
import { showMotion } from "./live/motion.js";
import { showPrompts } from "./live/prompts.js";
import { showScreen } from "./live/screen.js";
import { showValues } from "./live/values.js";
import { JobSession } from "./session.js";

const ELSEWHERE = ["motion", "camera"];

export class LiveView {
  #api = null;
  #table = null;
  #session = null;

  /** `onEnded(videoId)` hears that the render is over, `onCancel(videoId)` that it shall be, `onRefused(status)` that it is not ours. */
  constructor({ onEnded, onCancel, onRefused }) {
    Object.assign(this, { onEnded, onCancel, onRefused });
    addEventListener("offline", () => this.#session?.cut());
    addEventListener("online", () => this.#session?.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.#session?.now());
  }

  get session() {
    return this.#session;
  }

  connect(api) {
    this.close();
    this.#api = api;
    this.#table = null;
  }

  /** Follows the job, unless it is followed already. */
  async open(jobId) {
    if (this.#session?.jobId === jobId) return;
    this.close();
    const api = this.#api;
    this.#table ??= await api.get("/api/steering");
    if (this.#session || api !== this.#api) return;
    const session = new JobSession(api, jobId, this.#table);
    this.#session = session;
    showScreen(session);
    showHolder(session);
    showLog(session);
    showErrors(session);
    showFilm(session, { onCancel: () => this.onCancel(session.state.videoId) });
    const off = session.on("snapshot", () => {
      off();
      this.#begin(session);
    });
    session.on("state", () => session.finished && this.#end(session));
    session.on("change", () => setText(byId("live-note"), note(session)));
    session.follow().then((status) => {
      if (status !== null && !session.closed) this.onRefused(status);
    });
  }

  close() {
    this.#session?.close();
    this.#session = null;
  }

  /** What the job can be steered by is known with its first snapshot. */
  #begin(session) {
    const groupOf = (name) => session.parameters.get(name).group;
    const units = session.names.filter((name) => groupOf(name).startsWith("controlnet"));
    showMotion(session);
    showValues(session, session.names.filter((name) => !units.includes(name) && !ELSEWHERE.includes(groupOf(name))));
    showControlNets(session, units);
    showPrompts(session);
    mountInstruments(session);
    session.changed();
    if (session.finished) this.#end(session);
    else if (!session.state.controller?.held || sessionStorage.getItem(`control-${session.jobId}`)) session.control.take();
  }

  #end(session) {
    session.control.lost("");
    this.onEnded(session.state.videoId);
  }
}

function note({ state, finished, trouble }) {
  if (trouble) return trouble;
  if (finished) return "The render has ended; Compose shows the film.";
  return state?.paused ? "Paused: nothing is rendered until you resume." : "";
}
