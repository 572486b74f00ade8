// The settings that are composed for the next render: the form's controls, read and written as if by hand.

const form = () => document.getElementById("composer");
const control = (name) => form()?.querySelector(`[data-setting="${CSS.escape(name)}"]`) ?? null;
const controls = () => form()?.querySelectorAll("[data-field][id]:not([type=file]), #carried") ?? [];
const figure = (id, fallback) => {
  const value = Number(document.getElementById(id)?.value);
  return Number.isFinite(value) && value > 0 ? value : fallback;
};

export const MAX_FRAMES = 14_400;

export const composed = {
  /** The settings with one number a frame: name -> text. */
  schedules() {
    const inputs = form()?.querySelectorAll('input[type="text"][data-setting]') ?? [];
    return new Map(Array.from(inputs, (input) => [input.dataset.setting, input.value.trim() || input.dataset.default]));
  },

  label(name) {
    const input = control(name);
    return (input && form().querySelector(`label[for="${CSS.escape(input.id)}"]`)?.textContent) || name;
  },

  write(name, text) {
    const input = control(name);
    if (!input || input.value === text) return;
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  },

  /** What every control says, by its id; files are not among them. */
  snapshot() {
    return Object.fromEntries(Array.from(controls(), (input) => [input.id, input.value]));
  },

  restore(values) {
    for (const input of controls()) if (values[input.id] !== undefined) input.value = values[input.id];
    form()?.dispatchEvent(new Event("restored", { bubbles: true }));
  },

  labelOf(id) {
    return form()?.querySelector(`label[for="${CSS.escape(id)}"]`)?.textContent ?? id;
  },

  /** Everything the form says, as a settings file of Deforum. */
  settings() {
    const said = Object.fromEntries(
      Array.from(form().querySelectorAll("[data-setting]"), (input) => [
        input.dataset.setting,
        input.value.trim() || input.dataset.default,
      ]),
    );
    const prompt = document.getElementById("prompt").value.trim();
    const steps = figure("steps", 0);
    return {
      ...this.carried(),
      ...said,
      prompts: /^\{\s*"/.test(prompt) ? parsed(prompt) : { 0: prompt },
      animation_prompts_negative: document.getElementById("negative_prompt").value.trim(),
      fps: this.fps,
      max_frames: this.frames,
      seed: this.seed || -1,
      ...(steps && { steps }),
    };
  },

  /** What is set and has no control: it comes from files, and goes along with every render. */
  carried() {
    return parsed(document.getElementById("carried")?.value || "{}");
  },

  /** A settings file that the studio has read, into the form. */
  fill(settings) {
    const { seed, fps, max_frames: frames, steps, prompts, animation_prompts_negative: negative, ...schedules } = settings;
    const rate = fps ?? this.fps;
    form().dispatchEvent(
      new CustomEvent("fill", {
        detail: {
          schedules: { ...schedules, ...(prompts && { prompts }) },
          negative_prompt: negative ?? "",
          ...(seed > 0 && { seed }),
          ...(fps && { fps }),
          ...(frames && { length: Number((frames / rate).toFixed(6)) }),
          ...(steps && { steps }),
        },
      }),
    );
  },

  get fps() {
    return Math.min(figure("fps", 24), 240);
  },

  get frames() {
    return Math.min(Math.max(1, Math.round(figure("length", 1) * this.fps)), MAX_FRAMES);
  },

  get seed() {
    return Math.trunc(figure("seed", 0));
  },

  /** Calls `listener` at every edit, by hand or by script; answers what ends that. */
  onChange(listener) {
    const node = form();
    return listen(node, ["input", "composed", "restored"], listener);
  },

  /** The same at the end of an edit: a field that is left, a preset that was chosen. */
  onCommit(listener) {
    return listen(form(), ["change", "composed"], listener);
  },
};

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** "composed": a preset or a file has filled the form; "restored": an undo has. */
function listen(node, events, listener) {
  for (const event of events) node?.addEventListener(event, listener);
  return () => events.forEach((event) => node?.removeEventListener(event, listener));
}
