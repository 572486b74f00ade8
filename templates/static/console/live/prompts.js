// The live prompts: A, B and how far from one to the other, the negative one, and what is bound to {{names}}.

import { byId, setText } from "../dom.js";
import { readJson, saveJson } from "./files.js";
import { Bindings } from "./bindings.js";
import { order, smoothing } from "./steer.js";

const TEXTS = { a: "prompt-a", b: "prompt-b", negative: "prompt-negative" };
const DRAG_MS = 120;

/** What was typed and not sent, by the job it was typed for: it outlives a lost connection and a look at another view. */
const drafts = new Map();

export function showPrompts(session) {
  const panel = new Prompts(session);
  session.on("snapshot", () => panel.show());
  session.on("change", () => panel.show());
  panel.show();
}

class Prompts {
  #session;
  #bindings;
  #draft;
  #timer = null;

  constructor(session) {
    this.#session = session;
    if (!drafts.has(session.jobId)) drafts.set(session.jobId, { texts: {} });
    this.#draft = drafts.get(session.jobId);
    this.#bindings = new Bindings(session, { onChanged: () => this.show() });
    const listen = (id, event, act) => byId(id).addEventListener(event, act, { signal: session.signal });
    for (const [name, id] of Object.entries(TEXTS)) {
      listen(id, "input", () => {
        this.#draft.texts[name] = byId(id).value;
        this.#showChanged();
      });
    }
    listen("live-prompts", "submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    listen("live-prompts", "keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#send();
      }
    });
    listen("prompt-mode", "change", () => this.#send({ mode: byId("prompt-mode").value }));
    listen("morph", "input", () => this.#morph());
    listen("add-binding", "click", () => this.#bindings.add(Object.values(TEXTS).map((id) => byId(id).value).join(" ")));
    listen("save-prompts", "click", () => saveJson(`prompts-${session.jobId}.json`, this.#form()));
    listen("load-prompts", "change", (event) => this.#load(event.target));
  }

  show() {
    const prompt = this.#session.state?.prompt ?? {};
    for (const [name, id] of Object.entries(TEXTS)) {
      const text = this.#draft.texts[name] ?? prompt[name] ?? "";
      if (byId(id).value !== text) byId(id).value = text;
    }
    if (document.activeElement !== byId("prompt-mode")) byId("prompt-mode").value = this.#draft.mode ?? prompt.mode ?? "schedule";
    if (this.#timer === null && !this.#draft.morphing) this.#showMorph(prompt.morph ?? 0);
    this.#bindings.show();
    this.#showChanged();
  }

  #showMorph(value) {
    byId("morph").value = value;
    setText(byId("morph-value"), Number(value).toFixed(2));
  }

  #showChanged() {
    byId("prompt-changed").hidden = !Object.keys({ ...this.#draft.texts, ...this.#bindings.typed }).length;
  }

  /** What is typed; a text that nobody touched is left as it is. The first text that is sent makes itself heard. */
  async #send(more = {}) {
    const sent = { ...this.#draft.texts };
    const bindings = this.#bindings.typed;
    const mode = more.mode ?? byId("prompt-mode").value;
    const heard = mode === "schedule" && !("mode" in more) && (sent.a || sent.b) ? "replace" : mode;
    this.#draft.mode = heard;
    const row = await order(this.#session, "prompt", { ...sent, morph: Number(byId("morph").value), mode: heard, ...(Object.keys(bindings).length && { bindings }) });
    delete this.#draft.mode;
    if (row) {
      this.#bindings.sent(bindings);
      // What was typed meanwhile is not sent yet.
      for (const [name, text] of Object.entries(sent)) if (this.#draft.texts[name] === text) delete this.#draft.texts[name];
    }
    this.show();
  }

  /** The slider sends where it is, now and then; with smooth steps it gets there over them. */
  #morph() {
    setText(byId("morph-value"), Number(byId("morph").value).toFixed(2));
    this.#timer ??= setTimeout(async () => {
      this.#timer = null;
      this.#draft.morphing = (this.#draft.morphing ?? 0) + 1;
      const { frames, easing } = smoothing();
      await this.#session.send("prompt", { morph: Number(byId("morph").value), ...(frames && { frames, easing }) }, { merge: true }).catch(() => null);
      this.#draft.morphing -= 1;
    }, DRAG_MS);
  }

  #form() {
    const texts = Object.fromEntries(Object.entries(TEXTS).map(([name, id]) => [name, byId(id).value]));
    return { ...texts, morph: Number(byId("morph").value), mode: byId("prompt-mode").value, bindings: this.#bindings.form() };
  }

  /** A file of ours fills the form; nothing is sent before the user says so. */
  async #load(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      const saved = await readJson(file);
      for (const name of Object.keys(TEXTS)) if (typeof saved[name] === "string") this.#draft.texts[name] = saved[name];
      if (typeof saved.mode === "string") this.#draft.mode = saved.mode;
      this.#bindings.load(saved.bindings ?? {});
      setText(byId("bindings-error"), "");
    } catch (error) {
      setText(byId("bindings-error"), `${file.name}: ${error.message}`);
    }
    this.show();
  }
}
