// Sound: its waveform, beats and bands, bound to parameters: written as schedules while composing, sent while steering.

import { element } from "../dom.js";
import { BoundList } from "./bound-list.js";
import { composed } from "./composed.js";
import { button, checkbox, explain, field, group, note, number } from "./parts.js";
import { analyse, decode, peaksOf } from "./sound.js";
import { Sync } from "./sync.js";
import { beats } from "./tempo.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_LINES = 400;
/** Deforum's own, where the form has no other. */
const USUAL_CADENCE = "0: (10)";

// The sound outlives the panel: it stays while another render is looked at.
let track = null;

/** Builds the panel in `host`; answers what takes it down again. */
export function mount(host, session) {
  const panel = new Sound(host, session);
  const close = () => panel.close();
  session.on?.("closed", close);
  return close;
}

class Sound {
  #session;
  #sync = null;
  #surfer = null;
  #url = "";
  #offs = [];
  #loading = 0;
  #fps = 0;
  #said = note();
  #file = element("input", { type: "file", accept: "audio/*,video/*,.mp3,.wav,.aac,.m4a,.ogg,.flac" });
  #play = button("Play", () => this.#surfer?.playPause(), { className: "quiet" });
  #place = element("input", { type: "range", min: 0, max: 0, step: 0.01, value: 0 });
  #metronome = checkbox("Metronome");
  #cadence = checkbox("Cadence lines");
  #diffused = [];
  #bpm = number("", { low: 20, high: 400 });
  #offset = number("", { low: 0, step: "any" });
  #lines = document.createElementNS(SVG, "svg");
  #wave = element("div", { className: "wave" });
  #loaded = element("div", { className: "loaded", hidden: true });

  constructor(host, session) {
    this.#session = session;
    if (session.on) {
      this.#sync = new Sync(session);
      for (const event of ["frame", "progress", "snapshot"]) this.#offs.push(session.on(event, () => this.#mark()));
    }
    this.#file.addEventListener("change", () => this.#file.files[0] && this.load(this.#file.files[0]));
    this.#place.addEventListener("input", () => this.#surfer?.setTime(Number(this.#place.value)));
    this.#cadence.input.addEventListener("change", () => this.#space());
    for (const input of [this.#bpm, this.#offset]) input.addEventListener("change", () => this.#retime());
    this.#lines.setAttribute("class", "beats");
    this.#lines.setAttribute("aria-hidden", "true");
    this.#lines.setAttribute("preserveAspectRatio", "none");
    this.#wave.append(this.#lines);
    this.#place.setAttribute("aria-label", "Place in the sound, seconds");
    const tempo = group(
      "line",
      "Beat",
      field("Beats per minute", this.#bpm),
      field("First beat at, s", this.#offset),
      button("Half", () => this.#scale(0.5)),
      button("Double", () => this.#scale(2)),
    );
    this.bound = new BoundList(session, this.#sync, { track: () => track, film: () => this.film, said: this.#said });
    this.#loaded.append(this.#wave, group("line", "Playback", this.#play, this.#place, this.#metronome.node, this.#cadence.node), tempo, this.bound.node);
    host.append(
      field("Sound file", this.#file, "It stays in this browser. To hear it in the film, choose it as the soundtrack, too."),
      this.#said.node,
      this.#loaded,
    );
    this.#offs.push(composed.onChange(() => this.bound.refresh()), composed.onCommit(() => this.#space()));
    this.#rate();
    if (track) this.#show();
  }

  close() {
    this.#loading = Infinity;
    this.#offs.forEach((off) => off());
    this.#sync?.close();
    this.#forget();
  }

  /** The film that the sound is for. */
  get film() {
    if (!this.#sync) return { frames: composed.frames, fps: composed.fps };
    return { frames: this.#session.state?.frames_total ?? composed.frames, fps: this.#fps || composed.fps };
  }

  /** A render in hand has a rate of its own. */
  async #rate() {
    const video = this.#session.state?.videoId;
    if (!this.#sync || !video) return;
    const settings = await this.#session.api.get(`/api/v1/deforum-settings/${video}`).catch(() => null);
    this.#fps = settings?.fps ?? 0;
    this.bound.refresh();
  }

  async load(file) {
    const mine = (this.#loading += 1);
    try {
      this.#said.say("Reading the sound …");
      const samples = await decode(file);
      const found = await analyse(samples, {
        onProgress: (share) => mine === this.#loading && this.#said.say(`Listening: ${Math.round(100 * share)} %`),
      });
      if (mine !== this.#loading) return;
      track = { ...found, name: file.name, file, peaks: peaksOf(samples) };
      this.#show();
      const beat = found.bpm ? `${Number(found.bpm.toFixed(1))} beats per minute` : "no steady beat";
      this.#said.say(`${file.name}: ${found.duration.toFixed(1)} s, ${found.hits.length} hits, ${beat}.`);
    } catch (error) {
      if (mine === this.#loading) this.#said.say(error.status ? explain(error) : error.message, { wrong: true });
    }
  }

  #show() {
    this.#loaded.hidden = false;
    this.#bpm.value = track.bpm ? Number(track.bpm.toFixed(3)) : "";
    this.#offset.value = Number(track.offset.toFixed(4));
    this.#place.max = track.duration;
    this.#draw();
    this.#drawLines();
    this.bound.refresh();
  }

  /** The waveform and its playback are wavesurfer's, from samples that are decoded already. */
  async #draw() {
    this.#forget();
    const { default: WaveSurfer } = await import("../../vendor/wavesurfer-8.0.1/wavesurfer.esm.js");
    if (this.#loading === Infinity) return;
    const style = getComputedStyle(document.documentElement);
    this.#url = URL.createObjectURL(track.file);
    const surfer = WaveSurfer.create({
      container: this.#wave,
      height: 90,
      waveColor: style.getPropertyValue("--accent") || "#8fa8ff",
      progressColor: style.getPropertyValue("--approve") || "#6fd6a5",
      cursorColor: style.getPropertyValue("--text") || "#ffffff",
      peaks: [track.peaks],
      duration: track.duration,
      url: this.#url,
      // Its own small style sheet, which the page's policy takes by this word alone.
      cspNonce: document.querySelector("link[nonce], script[nonce]")?.nonce ?? "",
    });
    this.#surfer = surfer;
    surfer.on("play", () => (this.#play.textContent = "Pause"));
    surfer.on("pause", () => (this.#play.textContent = "Play"));
    let heard = 0;
    surfer.on("timeupdate", (time) => {
      this.#place.value = time;
      if (this.#metronome.input.checked && surfer.isPlaying() && beats(track).some((beat) => beat > heard && beat <= time)) tick();
      heard = time;
    });
    surfer.on("error", () => this.#said.say("The browser can't play this sound; its beats are known all the same.", { wrong: true }));
    this.#mark();
  }

  #drawLines() {
    const { fps } = this.film;
    this.#lines.setAttribute("viewBox", `0 0 ${track.duration} 1`);
    const times = beats(track).slice(0, MOST_LINES);
    const line = (time, name) => {
      const node = document.createElementNS(SVG, "line");
      for (const [key, value] of Object.entries({ class: name, x1: time, x2: time, y1: 0, y2: 1 })) node.setAttribute(key, value);
      return node;
    };
    const { frame, effective } = this.#session.state ?? {};
    const every = Math.round(effective?.diffusion_cadence ?? 0);
    const diffused = this.#sync ? steps(every, (frame ?? -1) + 1, this.film.frames) : this.#diffused;
    const spaced = this.#cadence.input.checked ? diffused.slice(0, MOST_LINES) : [];
    const now = typeof frame === "number" ? [line(frame / fps, "now")] : [];
    this.#lines.replaceChildren(...spaced.map((n) => line(n / fps, "cadence")), ...times.map((time) => line(time, "beat")), ...now);
  }

  /** While composing, the studio says what the cadence comes to, frame by frame. */
  async #space() {
    if (!this.#sync && this.#cadence.input.checked) {
      const { diffusion_cadence: text = USUAL_CADENCE, max_frames: frames } = composed.settings();
      const asked = { schedules: { diffusion_cadence: text }, frames };
      const { diffusion_cadence: numbers = [] } = await this.#session.api.post("/api/v1/schedules", asked).catch(() => ({}));
      this.#diffused = [];
      for (let n = 0; n < numbers.length; n += Math.max(1, Math.round(numbers[n]))) this.#diffused.push(n);
    }
    this.#mark();
  }

  #mark() {
    if (track) this.#drawLines();
  }

  #retime() {
    const bpm = Number(this.#bpm.value);
    const offset = Number(this.#offset.value);
    if (!track || !(bpm >= 20 && bpm <= 400) || !(offset >= 0)) {
      this.#said.say("20 to 400 beats per minute, the first one not before the sound begins.", { wrong: true });
      return;
    }
    track = { ...track, bpm, offset };
    this.#said.say(`${Number(bpm.toFixed(1))} beats per minute.`);
    this.#drawLines();
    this.bound.refresh();
  }

  #scale(factor) {
    if (!track?.bpm) return;
    this.#bpm.value = Number((track.bpm * factor).toFixed(3));
    this.#retime();
  }

  #forget() {
    this.#surfer?.destroy();
    this.#surfer = null;
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = "";
  }
}

/** Every so many frames, from `start` on. */
function steps(every, start, end) {
  const first = every ? Math.ceil(start / every) * every : end;
  return Array.from({ length: Math.max(0, Math.ceil((end - first) / (every || 1))) }, (_, n) => first + n * every);
}

let ticking = null;

/** A short click from the page itself. */
function tick() {
  ticking ??= new AudioContext();
  const [tone, loudness] = [ticking.createOscillator(), ticking.createGain()];
  tone.frequency.value = 1_000;
  loudness.gain.setValueAtTime(0.2, ticking.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, ticking.currentTime + 0.05);
  tone.connect(loudness).connect(ticking.destination);
  tone.start();
  tone.stop(ticking.currentTime + 0.06);
}
