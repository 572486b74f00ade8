// Keyboard and gamepad: which key and which control does which motion, in steps or springing back.

import { element, keepList, setText } from "../dom.js";
import { Gamepads, controlName } from "./gamepad.js";
import { openHelp } from "./help.js";
import { Keyboard, isTyping } from "./keyboard.js";
import { recall, remember } from "./memory.js";
import { MOTIONS, atRest, go, held, motionOf, stepped } from "./motions.js";
import { button, checkbox, explain, field, group, note, number, select } from "./parts.js";

const STORED = "console-devices";
const EVERY_MS = 120;
const KEYS = {
  pan_left: "a",
  pan_right: "d",
  pan_up: "w",
  pan_down: "s",
  rotate_left: "j",
  rotate_right: "l",
  rotate_up: "i",
  rotate_down: "k",
  tilt_left: "q",
  tilt_right: "e",
  zoom_in: "r",
  zoom_out: "f",
};
const PAD = {
  pan_left: "a0-",
  pan_right: "a0+",
  pan_up: "a1-",
  pan_down: "a1+",
  rotate_left: "a2-",
  rotate_right: "a2+",
  rotate_up: "a3-",
  rotate_down: "a3+",
  tilt_left: "b4",
  tilt_right: "b5",
  zoom_in: "b7",
  zoom_out: "b6",
};
const FIXED = { 0: "All motion to zero", p: "Pause, or go on", "?": "This sheet" };
const MODES = [
  ["work", "adds steps"],
  ["game", "springs back to zero"],
];

/** Builds the panel in `host`; answers what takes it down again. */
export function mount(host, session) {
  const devices = new Devices(host, session);
  const close = () => devices.close();
  session.on("closed", close);
  return close;
}

class Devices {
  #session;
  #said = note();
  #set = { mode: "work", scale: 1, keyboard: true, keys: { ...KEYS }, pad: { ...PAD } };
  #rows = element("tbody");
  #pads = element("p", { className: "hint" });
  #sentAt = 0;
  #later = null;
  #controls = new Map();

  constructor(host, session) {
    this.#session = session;
    this.#restore();
    this.keyboard = new Keyboard({
      onPress: (key, repeated) => this.#press(key, repeated),
      onRelease: () => this.#set.mode === "game" && this.#spring(),
      isOn: () => this.#set.keyboard && this.#inSight(host),
    });
    this.gamepads = new Gamepads({
      onState: (controls) => this.#state(controls),
      onChange: (pads) => this.#list(pads),
      isOn: () => !isTyping() && this.#inSight(host),
    });
    host.append(...this.#controlsOf(), this.#pads, this.#table(), this.#said.node);
    this.#show();
  }

  close() {
    clearTimeout(this.#later);
    this.keyboard.close();
    this.gamepads.close();
  }

  #inSight(host) {
    return Boolean(host.closest("#live, body")?.offsetParent ?? host.offsetParent);
  }

  #controlsOf() {
    const mode = select(MODES, this.#set.mode);
    const scale = number(this.#set.scale, { low: 0.01, high: 100 });
    const keyboard = checkbox("Keys steer", this.#set.keyboard);
    mode.addEventListener("change", () => this.#keep({ mode: mode.value }));
    scale.addEventListener("change", () => Number(scale.value) > 0 && this.#keep({ scale: Number(scale.value) }));
    keyboard.input.addEventListener("change", () => this.#keep({ keyboard: keyboard.input.checked }));
    return [
      group("line", "Keys and gamepads", field("A key or stick", mode), field("Size of a step, ×", scale), keyboard.node),
      group(
        "line",
        "Bindings",
        button("Keys and help (?)", () => this.#help()),
        button("Usual bindings", () => this.#usual()),
      ),
    ];
  }

  #table() {
    const heads = ["Motion", "Key", "Gamepad"].map((text) => element("th", { scope: "col", textContent: text }));
    return element(
      "table",
      { className: "devices" },
      element("caption", { textContent: "Bindings: press one to change it" }),
      element("thead", {}, element("tr", {}, ...heads)),
      this.#rows,
    );
  }

  #show() {
    keepList(this.#rows, MOTIONS, {
      key: ([key]) => key,
      create: ([key, label]) => {
        const cell = (act) => element("td", {}, button("", act, { className: "quiet small" }));
        return element(
          "tr",
          {},
          element("th", { scope: "row", textContent: label }),
          cell(() => this.#bindKey(key)),
          cell(() => this.#bindPad(key)),
        );
      },
      update: (node, [key, label]) => {
        const [toKey, toPad] = node.querySelectorAll("button");
        setText(toKey, this.#set.keys[key] ?? "none");
        setText(toPad, controlName(this.#set.pad[key]));
        toKey.setAttribute("aria-label", `Key for ${label}: ${this.#set.keys[key] ?? "none"}`);
        toPad.setAttribute("aria-label", `Gamepad control for ${label}: ${controlName(this.#set.pad[key])}`);
        node.classList.toggle("without", !motionOf(this.#session, key));
      },
    });
  }

  #list(pads) {
    setText(
      this.#pads,
      pads.length ? `Connected: ${pads.map((pad) => pad.id).join(", ")}` : "No gamepad: press one of its buttons to connect it.",
    );
  }

  async #bindKey(motion) {
    this.#said.say("Press a key; Escape leaves it as it is.");
    const key = await this.keyboard.catch();
    if (key === null) return this.#said.say("Left as it is.");
    if (FIXED[key]) return this.#said.say(`${key} is taken: ${FIXED[key]}.`, { wrong: true });
    return this.#bind("keys", motion, key);
  }

  async #bindPad(motion) {
    if (!this.gamepads.connected.length) return this.#said.say("No gamepad is connected.", { wrong: true });
    this.#said.say("Press a button or push a stick; Escape leaves it as it is.");
    const control = await Promise.race([this.gamepads.catch(), this.keyboard.catch().then(() => null)]);
    this.gamepads.release();
    return control ? this.#bind("pad", motion, control) : this.#said.say("Left as it is.");
  }

  /** One control does one motion: whatever it did before has none then. */
  #bind(kind, motion, control) {
    const others = Object.entries(this.#set[kind]).filter(([key, value]) => key !== motion && value !== control);
    this.#keep({ [kind]: { ...Object.fromEntries(others), [motion]: control } });
    const [, label] = MOTIONS.find(([key]) => key === motion);
    this.#said.say(`${label}: ${kind === "keys" ? control : controlName(control)}.`);
  }

  #usual() {
    this.#keep({ keys: { ...KEYS }, pad: { ...PAD } });
    this.#said.say("The usual bindings are back.");
  }

  #keep(changes) {
    this.#set = { ...this.#set, ...changes };
    remember(STORED, this.#set);
    this.#show();
  }

  #restore() {
    const kept = recall(STORED) ?? {};
    const known = (bindings, usual) => {
      if (!bindings || typeof bindings !== "object") return usual;
      return Object.fromEntries(Object.entries(bindings).filter(([key, value]) => key in usual && typeof value === "string"));
    };
    this.#set = {
      mode: kept.mode === "game" ? "game" : "work",
      scale: kept.scale > 0 ? Number(kept.scale) : 1,
      keyboard: kept.keyboard !== false,
      keys: known(kept.keys, { ...KEYS }),
      pad: known(kept.pad, { ...PAD }),
    };
  }

  #press(key, repeated) {
    if (key === "?") return this.#help();
    if (key === "0") return this.#zero();
    if (key === "p") return repeated || this.#pause();
    const motion = Object.keys(this.#set.keys).find((name) => this.#set.keys[name] === key);
    if (!motion || !motionOf(this.#session, motion)) return false;
    if (this.#set.mode === "game") queueMicrotask(() => this.#spring());
    else this.#step([motion], { always: !repeated });
    return true;
  }

  #zero() {
    go(this.#session, atRest(this.#session));
    return true;
  }

  #pause() {
    if (this.#session.canSteer)
      this.#session.send(this.#session.state.paused ? "resume" : "pause").catch((error) => this.#said.say(explain(error), { wrong: true }));
    return true;
  }

  #help() {
    const keys = MOTIONS.map(([key, label]) => [this.#set.keys[key] ?? "none", label]);
    openHelp([
      ["Motion", keys],
      ["Render", Object.entries(FIXED)],
    ]);
    return true;
  }

  #step(motions, { always = false } = {}) {
    const now = performance.now();
    if (!always && now - this.#sentAt < EVERY_MS) return;
    this.#sentAt = now;
    go(this.#session, stepped(this.#session, motions, this.#set.scale), { smooth: always });
  }

  /** Game mode: what keys and sticks hold now. */
  #spring() {
    const wait = EVERY_MS - (performance.now() - this.#sentAt);
    clearTimeout(this.#later);
    // The last word counts: whatever is let go comes to rest.
    if (wait > 0) return (this.#later = setTimeout(() => this.#spring(), wait));
    this.#sentAt = performance.now();
    const touched = Object.fromEntries(
      MOTIONS.map(([key]) => [key, this.#share(key)]).filter(([key, share]) => share > 0 || this.#wasHeld.has(key)),
    );
    this.#wasHeld = new Set(Object.keys(touched).filter((key) => touched[key] > 0));
    const axes = new Set(Object.keys(touched).map((key) => motionOf(this.#session, key)?.parameter.name));
    // Of an axis both directions are told, so that the one that is let go does not take the other's place.
    const whole = Object.fromEntries(
      MOTIONS.filter(([key]) => axes.has(motionOf(this.#session, key)?.parameter.name)).map(([key]) => [key, this.#share(key)]),
    );
    go(this.#session, held(this.#session, whole, this.#set.scale));
    return undefined;
  }
  #wasHeld = new Set();

  #share(motion) {
    const pressed = this.keyboard.down.has(this.#set.keys[motion]) ? 1 : 0;
    return Math.max(pressed, this.#controls.get(this.#set.pad[motion]) ?? 0);
  }

  #state(controls) {
    const changed =
      controls.size !== this.#controls.size ||
      [...controls].some(([name, share]) => Math.abs(share - (this.#controls.get(name) ?? 0)) > 0.02);
    this.#controls = controls;
    if (this.#set.mode === "game") {
      if (changed) this.#spring();
      return;
    }
    const motions = MOTIONS.map(([key]) => key).filter((key) => (controls.get(this.#set.pad[key]) ?? 0) > 0.5);
    if (motions.length) this.#step(motions);
  }
}
