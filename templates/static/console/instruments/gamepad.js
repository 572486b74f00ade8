// Gamepads, looked at once per picture of the screen. Controls are called b3 (a button) and a1- (half of an axis).

const DEAD = 0.15;

export class Gamepads {
  #frame = null;
  #catching = null;
  #before = new Map();

  /** `onState(controls)`: a Map of control to 0..1, of everything that is not at rest. `isOn()`: whether anybody should look. */
  constructor({ onState, onChange = () => {}, isOn }) {
    Object.assign(this, { onState, onChange, isOn });
    addEventListener("gamepadconnected", this.#changed);
    addEventListener("gamepaddisconnected", this.#changed);
    this.#changed();
  }

  close() {
    removeEventListener("gamepadconnected", this.#changed);
    removeEventListener("gamepaddisconnected", this.#changed);
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  get connected() {
    return Array.from(navigator.getGamepads?.() ?? []).filter(Boolean);
  }

  /** The next control that is moved; null when given up. */
  catch() {
    this.#before = this.#look();
    return new Promise((resolve) => (this.#catching = resolve));
  }

  release() {
    this.#catching?.(null);
    this.#catching = null;
  }

  #changed = () => {
    this.onChange(this.connected);
    if (this.connected.length && this.#frame === null) this.#frame = requestAnimationFrame(this.#step);
  };

  #step = () => {
    if (!this.connected.length) {
      this.#frame = null;
      this.onState(new Map());
      return;
    }
    this.#frame = requestAnimationFrame(this.#step);
    const controls = this.#look();
    if (this.#catching) {
      const moved = [...controls].find(([name, share]) => share > 0.6 && !(this.#before.get(name) > 0.6));
      this.#before = controls;
      if (moved) {
        this.#catching(moved[0]);
        this.#catching = null;
      }
      return;
    }
    this.onState(this.isOn() ? controls : new Map());
  };

  #look() {
    const controls = new Map();
    for (const pad of this.connected) {
      pad.buttons.forEach(({ value, pressed }, index) => {
        const share = Math.max(value, pressed ? 1 : 0);
        if (share > DEAD) controls.set(`b${index}`, share);
      });
      pad.axes.forEach((value, index) => {
        // From the edge of the dead zone on, so that nothing jumps.
        const share = (Math.abs(value) - DEAD) / (1 - DEAD);
        if (share > 0) controls.set(`a${index}${value > 0 ? "+" : "-"}`, Math.min(1, share));
      });
    }
    return controls;
  }
}

export const controlName = (control) => {
  if (!control) return "none";
  return control.startsWith("b")
    ? `Button ${Number(control.slice(1)) + 1}`
    : `Axis ${Number(control.slice(1, -1)) + 1} ${control.endsWith("+") ? "right or down" : "left or up"}`;
};
