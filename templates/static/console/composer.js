// The form: what it says as a request of /api/generate, how a preset or an earlier video fills it, where its errors go.

import { byId, element, setText } from "./dom.js";
import { drawSparkline, isNumber } from "./sparkline.js";

const form = byId("composer");
const settings = Array.from(form.querySelectorAll("[data-setting]"));
const controls = new Map(Array.from(form.querySelectorAll("[data-field]"), (control) => [control.dataset.field, control]));
const FILES = ["attachment", "soundtrack"];
const NUMBERS = Array.from(form.querySelectorAll("[data-number]"), (control) => control.id);
// Where the API's words and the form's differ.
const ALIASES = { "schedules.prompts": "prompt", denoising: "schedules.strength_schedule", cfgScale: "schedules.cfg_scale_schedule" };
const KEYFRAMES = /^\{\s*"/;

/** What the form says can't be sent: the same shape as the API's own field errors. */
export class FormError extends Error {
  constructor(fields) {
    super("The form has errors.");
    this.fields = fields;
  }
}

export class Composer {
  #presets = new Map();

  /** `onExtend(videoId)` is told which video shall be continued. */
  constructor({ onExtend }) {
    form.addEventListener("input", (event) => this.#edited(event.target));
    form.addEventListener("fill", (event) => this.fill(event.detail));
    form.addEventListener("restored", () => {
      this.#showCarried();
      this.#drawAll();
    });
    byId("drop-carried").addEventListener("click", () => this.#carry({}));
    byId("preset").addEventListener("change", () => this.#applyPreset());
    byId("extendFromJobId").addEventListener("change", (event) => event.target.value && onExtend(Number(event.target.value)));
    this.#drawAll();
  }

  setModels(models) {
    const options = models.map((model) => element("option", { value: model.id, textContent: model.name, title: model.description }));
    byId("modelId").replaceChildren(...options);
  }

  setPresets(presets) {
    this.#presets = new Map(presets.map((preset) => [String(preset.id), preset]));
    const options = presets.map((preset) => element("option", { value: preset.id, textContent: preset.name }));
    byId("preset").replaceChildren(element("option", { value: "", textContent: "None" }), ...options);
  }

  setExtendable(videos) {
    const select = byId("extendFromJobId");
    const chosen = select.value;
    const options = videos.map((video) => element("option", { value: video.id, textContent: `#${video.id} ${(video.prompt ?? "").slice(0, 60)}` }));
    select.replaceChildren(element("option", { value: "", textContent: "No, start anew" }), ...options);
    select.value = videos.some((video) => String(video.id) === chosen) ? chosen : "";
  }

  /** The request's fields, all schedules spelled out: what is on the screen is what is rendered. Throws FormError. */
  parameters() {
    const request = { schedules: this.#schedules() };
    const wrong = {};
    for (const name of NUMBERS) {
      const control = byId(name);
      if (control.validity.badInput) wrong[name] = ["Enter a number."];
      else if (control.value !== "") request[name] = Number(control.value);
    }
    for (const name of ["modelId", "extendFromJobId"]) {
      if (byId(name).value) request[name] = Number(byId(name).value);
    }
    if (byId("preset").value) request.preset = byId("preset").value;
    request.negative_prompt = byId("negative_prompt").value.trim();
    try {
      Object.assign(request, this.#prompt(request.schedules));
    } catch (error) {
      wrong.prompt = [`These keyframes are no valid JSON (${error.message}).`];
    }
    if (Object.keys(wrong).length) throw new FormError(wrong);
    return request;
  }

  /** The chosen files as an upload form, null without any. */
  files() {
    const upload = new FormData();
    for (const name of FILES) {
      const [file] = byId(name).files;
      if (file) upload.append(name, file);
    }
    return [...upload.keys()].length ? upload : null;
  }

  clearFiles() {
    for (const name of FILES) byId(name).value = "";
  }

  /** Shows the parameters of an earlier render, in the API's own words. */
  fill(parameters) {
    for (const name of [...NUMBERS, "modelId"]) {
      if (parameters[name] !== undefined) byId(name).value = parameters[name];
    }
    byId("preset").value = this.#presets.has(String(parameters.preset)) ? parameters.preset : "";
    const { prompts, ...schedules } = parameters.schedules ?? {};
    byId("prompt").value = prompts ? JSON.stringify(prompts, null, 1) : parameters.prompt ?? "";
    byId("negative_prompt").value = parameters.negative_prompt ?? "";
    this.#fillSettings({ ...this.#presetSettings(), ...schedules }, withoutControl(schedules));
    this.showErrors({});
  }

  setSeed(seed) {
    byId("seed").value = seed;
    byId("seed").focus();
  }

  chooseExtension(videoId) {
    byId("extendFromJobId").value = videoId ?? "";
  }

  /** Puts each reason next to its control; what belongs to none is told above the form. The first one gets the focus. */
  showErrors(fields, message = "") {
    const elsewhere = [];
    for (const control of controls.values()) mark(control, "");
    for (const [field, reasons] of Object.entries(fields)) {
      const control = controls.get(ALIASES[field] ?? field);
      if (control) mark(control, reasons.join(" "));
      else elsewhere.push(`${field}: ${reasons.join(" ")}`);
    }
    const placed = Object.keys(fields).length > elsewhere.length;
    setText(byId("composer-error"), elsewhere.join("\n") || (placed ? "Please look at the marked fields." : message));
    const first = form.querySelector("[aria-invalid=true]");
    if (first) {
      first.closest("details")?.setAttribute("open", "");
      first.focus();
    }
  }

  #schedules() {
    const value = (text) => (isNumber(text) ? Number(text) : text);
    return {
      ...JSON.parse(byId("carried").value || "{}"),
      ...Object.fromEntries(settings.map((control) => [control.dataset.setting, value(control.value.trim() || control.dataset.default)])),
    };
  }

  #prompt(schedules) {
    const text = byId("prompt").value.trim();
    if (!KEYFRAMES.test(text)) return text ? { prompt: text } : {};
    schedules.prompts = JSON.parse(text);
    return { prompt: String(Object.values(schedules.prompts)[0] ?? "") };
  }

  #presetSettings() {
    return this.#presets.get(byId("preset").value)?.settings ?? {};
  }

  #applyPreset() {
    const preset = this.#presets.get(byId("preset").value);
    setText(byId("preset-hint"), preset?.description ?? "");
    byId("prompt").placeholder = Object.values(preset?.settings.prompts ?? {})[0] ?? "";
    this.#fillSettings(this.#presetSettings());
    this.showErrors({});
  }

  #fillSettings(values, carried = {}) {
    for (const control of settings) control.value = values[control.dataset.setting] ?? control.dataset.default;
    this.#drawAll();
    this.#carry(carried);
  }

  /** Settings without a control, which go along as they are until somebody drops them. */
  #carry(carried) {
    byId("carried").value = Object.keys(carried).length ? JSON.stringify(carried) : "";
    this.#showCarried();
    form.dispatchEvent(new Event("composed"));
  }

  #showCarried() {
    const names = Object.keys(JSON.parse(byId("carried").value || "{}"));
    byId("carried-shown").hidden = !names.length;
    setText(byId("carried-names"), names.length ? `And ${names.length} settings that have no control here: ${names.join(", ")}.` : "");
  }

  #edited(control) {
    mark(control, "");
    if (control.id === "length" || control.id === "fps") this.#drawAll();
    else draw(control);
  }

  #drawAll() {
    settings.forEach(draw);
  }
}

// What the form has its own controls for, by the names of settings files.
const ELSEWHERE = ["prompts", "seed", "fps", "max_frames", "steps", "animation_prompts_negative"];

function withoutControl(values) {
  const known = new Set([...settings.map((control) => control.dataset.setting), ...ELSEWHERE]);
  return Object.fromEntries(Object.entries(values).filter(([name]) => !known.has(name)));
}

function draw(control) {
  const svg = control.parentElement.querySelector(".spark");
  const frameCount = Math.round(Number(byId("length").value) * Number(byId("fps").value)) || 1;
  if (svg) drawSparkline(svg, control.value, frameCount);
}

function mark(control, reason) {
  if (!control.dataset.field) return;
  control.setAttribute("aria-invalid", String(Boolean(reason)));
  setText(byId(`${control.id}-error`), reason);
}
