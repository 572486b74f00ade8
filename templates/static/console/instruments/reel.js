// The film reel: every frame in small, places to go back to, a stretch to look at again.

import { element, setText } from "../dom.js";
import { composed } from "./composed.js";
import { button, checkbox, explain, field, group, note, number } from "./parts.js";
import { Player } from "./reel-player.js";
import { canSave, download, record } from "./reel-saver.js";
import { Strip } from "./reel-strip.js";
import { keepMarks, marksOf } from "./marks.js";
import { rowPrompt, steerableValues } from "./records.js";

/** Builds the panel in `host`; answers what takes it down again. */
export function mount(host, session) {
  const reel = new Reel(host, session);
  const close = () => reel.close();
  session.on("closed", close);
  return close;
}

class Reel {
  #session;
  #offs = [];
  #chosen = 0;
  #fps = 0;
  #said = note();
  #jog = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0 });
  #goto = number(0, { low: 0, step: 1 });
  #zoom = element("input", { type: "range", min: 28, max: 180, step: 4, value: 72 });
  #rate = number(12, { low: 1, high: 60 });
  #crf = number(23, { low: 0, high: 51, step: 1 });
  #saving = null;
  #follow = checkbox("Follow the newest frame", true);
  #what = element("p", { className: "hint what" });
  #prompt = element("p", { className: "quote", hidden: true });
  #actions = {};

  constructor(host, session) {
    this.#session = session;
    this.marks = marksOf(session.jobId);
    this.strip = new Strip(session, {
      onChoose: (frame) => this.choose(frame),
      onMenu: (frame) => this.#menu(frame),
      onLoad: () => this.#look(),
    });
    this.player = new Player({ strip: this.strip, onFrame: (frame) => this.#played(frame) });
    this.#jog.addEventListener("input", () => this.choose(Number(this.#jog.value), { centre: true }));
    this.#goto.addEventListener("change", () => this.choose(Number(this.#goto.value), { centre: true }));
    this.#zoom.addEventListener("input", () => this.strip.zoom(Number(this.#zoom.value)));
    this.#jog.setAttribute("aria-label", "Frame, by slider");
    host.append(
      this.strip.node,
      this.#places(),
      this.#stretch(),
      this.player.node,
      this.#what,
      this.#context(),
      this.#prompt,
      this.#said.node,
    );
    const grown = () => this.#grown();
    for (const event of ["snapshot", "progress", "frame", "state"]) this.#offs.push(session.on(event, grown));
    this.#offs.push(session.on("change", () => this.#allow()));
    this.#offs.push(session.on("frame", (data) => this.strip.learn(data)));
    this.#offs.push(session.on("rewind", ({ frame }) => this.strip.cut(frame)));
    host.addEventListener("keydown", (event) => this.#key(event));
    this.strip.mark(this.marks);
    this.#grown();
    this.#film();
  }

  close() {
    this.player.stop();
    this.#saving?.abort();
    this.strip.close();
    this.#offs.forEach((off) => off());
  }

  #places() {
    return group(
      "line places",
      "Place in the film",
      button("Start", () => this.choose(0, { centre: true })),
      button("◀", () => this.choose(this.#chosen - 1, { centre: true }), { label: "One frame back" }),
      this.#jog,
      button("▶", () => this.choose(this.#chosen + 1, { centre: true }), { label: "One frame on" }),
      button("End", () => this.choose(this.#last, { centre: true })),
      field("Go to frame", this.#goto),
      field("Size of the pictures", this.#zoom),
      this.#follow.node,
    );
  }

  #stretch() {
    this.#actions.play = button("Play in to out", () => this.#play());
    this.#actions.save = button("Save in to out", () => this.#save());
    this.#actions.save.hidden = !canSave();
    return group(
      "line stretch",
      "A stretch of the film",
      button("Mark in", () => this.mark("in")),
      button("Mark out", () => this.mark("out")),
      button("Clear marks", () => this.#clear()),
      this.#actions.play,
      field("Frames a second", this.#rate),
      this.#actions.save,
      field("CRF", this.#crf, "0 is best, 51 smallest"),
    );
  }

  #context() {
    const act = (name, text, run) => (this.#actions[name] = button(text, run));
    return group(
      "line context",
      "This frame",
      act("rewind", "Rewind and go on from here", () => this.#rewind(false)),
      act("restore", "Rewind here with its values", () => this.#rewind(true)),
      act("copy", "Use its values", () => this.#copy()),
      act("prompt", "Get its prompt", () => this.#getPrompt()),
      act("compose", "Its values for the next render", () => this.#compose()),
    );
  }

  /** The last frame that is there. */
  get #last() {
    const { frames_done: done = 0, frame } = this.#session.state ?? {};
    return Math.max(0, done - 1, done ? 0 : (frame ?? 0));
  }

  async #film() {
    const video = this.#session.state?.videoId;
    const settings = video && (await this.#session.api.get(`/api/v1/deforum-settings/${video}`).catch(() => null));
    if (settings?.fps && !this.#rate.dataset.typed) this.#rate.value = this.#fps = settings.fps;
  }

  #grown() {
    const last = this.#last;
    this.strip.length((this.#session.state?.frames_done ?? 0) > 0 ? last + 1 : 0);
    this.#jog.max = last;
    this.#goto.max = last;
    if (this.#chosen > last || this.#follow.input.checked) this.choose(last, { centre: true, quiet: true });
    this.#allow();
  }

  choose(frame, { centre = false, quiet = false } = {}) {
    if (!Number.isFinite(frame)) return;
    const within = Math.round(Math.min(Math.max(0, frame), this.#last));
    this.#chosen = within;
    // Whoever looks at another frame is not carried off by the next one.
    if (!quiet) this.#follow.input.checked = false;
    this.#jog.value = within;
    this.#jog.setAttribute("aria-valuetext", `Frame ${within}`);
    if (document.activeElement !== this.#goto) this.#goto.value = within;
    this.strip.choose(within, { centre });
    this.#look();
  }

  /** The chosen frame, as far as it is known yet. */
  #look() {
    this.player.show(this.#chosen);
    setText(this.#what, this.#describe(this.#chosen));
  }

  #describe(frame) {
    const { from, to } = this.marks;
    const span = from === null && to === null ? "" : ` In ${from ?? 0}, out ${to ?? this.#last}.`;
    const seed = this.strip.row(frame)?.seed;
    return `Frame ${frame} of ${this.#last + 1}${seed === undefined ? "" : `, seed ${seed}`}.${span}`;
  }

  mark(which) {
    const key = which === "in" ? "from" : "to";
    this.marks[key] = this.#chosen;
    // The other mark is where the stretch would be the wrong way round: there is none then.
    if (this.marks.from !== null && this.marks.to !== null && this.marks.from > this.marks.to)
      this.marks[key === "from" ? "to" : "from"] = null;
    this.#marked();
  }

  #clear() {
    Object.assign(this.marks, { from: null, to: null });
    this.#marked();
  }

  #marked() {
    keepMarks(this.#session.jobId, this.marks);
    this.strip.mark(this.marks);
    setText(this.#what, this.#describe(this.#chosen));
    this.#session.tell("marks", this.marks);
  }

  #play() {
    if (this.player.playing) return this.player.stop();
    const fps = Math.min(60, Math.max(1, Number(this.#rate.value) || 12));
    this.player.play(this.marks.from ?? 0, this.marks.to ?? this.#last, fps);
    this.#actions.play.textContent = "Stop playing";
    return undefined;
  }

  /** The marked stretch as a video, of the reel's pictures. */
  async #save() {
    if (this.#saving) return this.#saving.abort();
    const [first, last] = [this.marks.from ?? 0, this.marks.to ?? this.#last];
    const [fps, crf] = [Number(this.#rate.value), Number(this.#crf.value)];
    if (!(fps >= 1 && fps <= 60)) return this.#said.say("1 to 60 frames a second.", { wrong: true });
    if (this.#crf.value.trim() === "" || !(crf >= 0 && crf <= 51)) return this.#said.say("A CRF of 0 to 51.", { wrong: true });
    this.player.stop();
    this.#saving = new AbortController();
    this.#actions.save.textContent = "Stop saving";
    const pictureOf = async (frame) => {
      if (!this.strip.picture(frame)) await this.strip.load(frame);
      return this.strip.picture(frame);
    };
    const onFrame = (frame) => this.#said.say(`Saving frame ${frame} of ${first} to ${last} …`);
    try {
      const saved = await record(first, last, { fps, crf, pictureOf, onFrame, signal: this.#saving.signal });
      if (this.#saving.signal.aborted) this.#said.say("Nothing was saved.");
      else if (!saved) this.#said.say("There are no pictures of these frames any more.", { wrong: true });
      else {
        download(saved.blob, `render-${this.#session.jobId}-${first}-${last}.${saved.ending}`);
        this.#said.say(`Frames ${first} to ${last} are saved.`);
      }
    } catch (error) {
      this.#said.say(explain(error), { wrong: true });
    } finally {
      this.#saving = null;
      this.#actions.save.textContent = "Save in to out";
    }
    return undefined;
  }

  #played(frame) {
    if (frame === null) this.#actions.play.textContent = "Play in to out";
    else this.strip.choose(frame, { centre: true });
  }

  #key(event) {
    if (event.target.closest("input, select, textarea, button")) return;
    const acts = {
      ArrowLeft: () => this.choose(this.#chosen - 1, { centre: true }),
      ArrowRight: () => this.choose(this.#chosen + 1, { centre: true }),
      Home: () => this.choose(0, { centre: true }),
      End: () => this.choose(this.#last, { centre: true }),
    };
    if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    acts[event.key]();
  }

  #allow() {
    const can = this.#session.canSteer && (this.#session.state?.frames_done ?? 0) > 0;
    for (const name of ["rewind", "restore", "copy"]) this.#actions[name].disabled = !can;
  }

  /** The actions of a frame that was right-clicked or pressed long are those below the strip: they get the focus. */
  #menu(frame) {
    this.choose(frame);
    const first = Object.values(this.#actions).find((node) => node !== this.#actions.play && !node.disabled);
    first?.focus();
  }

  async #tell(act, done) {
    try {
      await act();
      this.#said.say(done);
    } catch (error) {
      if (error.name !== "AbortError") this.#said.say(explain(error), { wrong: true });
    }
  }

  #rewind(restore) {
    const frame = this.#chosen;
    return this.#tell(
      async () => {
        await this.#session.send("rewind", { frame, restore_values: restore });
        if (this.#session.state.paused) await this.#session.send("resume");
      },
      `Going back to frame ${frame}; it goes on from there${restore ? " with the values it had" : ""}.`,
    );
  }

  async #record() {
    const [row] = await this.#session.frames(this.#chosen, this.#chosen);
    if (!row) throw Object.assign(new Error("This frame has no record."), { status: 404 });
    return row;
  }

  #copy() {
    const frame = this.#chosen;
    return this.#tell(
      async () => this.#session.send("set", { values: steerableValues(this.#session, await this.#record()) }),
      `The values of frame ${frame} are in force from the next frame on.`,
    );
  }

  #getPrompt() {
    return this.#tell(async () => {
      const row = await this.#record();
      const text = rowPrompt(row);
      this.#prompt.hidden = false;
      setText(this.#prompt, text);
      const box = document.getElementById("prompt-a");
      if (box && !box.matches(":disabled")) {
        box.value = text;
        box.dispatchEvent(new Event("input", { bubbles: true }));
      }
      await navigator.clipboard?.writeText(text).catch(() => {});
    }, `The prompt of frame ${this.#chosen}, in prompt A to be changed and sent.`);
  }

  #compose() {
    return this.#tell(async () => {
      const row = await this.#record();
      for (const name of composed.schedules().keys()) if (typeof row[name] === "number") composed.write(name, `0: (${row[name]})`);
    }, `The values of frame ${this.#chosen} are the settings of the next render.`);
  }
}
