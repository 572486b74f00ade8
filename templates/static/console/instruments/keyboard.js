// Keys that steer. They are off while somebody writes, and while a dialog is open.

const WRITTEN_IN =
  "textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=button], [type=file])";

/** Whether keys belong to what has the focus. */
export function isTyping({ target } = {}) {
  const focused = target?.closest ? target : document.activeElement;
  return Boolean(focused?.closest?.(WRITTEN_IN)) || Boolean(document.querySelector("dialog[open]"));
}

export const keyName = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

export class Keyboard {
  #down = new Set();
  #catching = null;

  /** `onPress(key, repeated)` and `onRelease(key)` hear of keys without Ctrl, Alt and Meta; `onPress` answers whether it used one. */
  constructor({ onPress, onRelease, isOn }) {
    Object.assign(this, { onPress, onRelease, isOn });
    addEventListener("keydown", this.#press);
    addEventListener("keyup", this.#release);
    addEventListener("blur", this.#rest);
    document.addEventListener("focusin", this.#focused);
  }

  close() {
    removeEventListener("keydown", this.#press);
    removeEventListener("keyup", this.#release);
    removeEventListener("blur", this.#rest);
    document.removeEventListener("focusin", this.#focused);
    this.#rest();
  }

  get down() {
    return this.#down;
  }

  /** The next key that is pressed, instead of what it does; null after Escape. */
  catch() {
    return new Promise((resolve) => (this.#catching = resolve));
  }

  #press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const key = keyName(event);
    if (this.#catching && !["Shift", "Tab"].includes(key)) {
      event.preventDefault();
      this.#catching(key === "Escape" ? null : key);
      this.#catching = null;
      return;
    }
    if (isTyping(event) || !this.isOn()) return;
    if (!this.onPress(key, event.repeat)) return;
    event.preventDefault();
    this.#down.add(key);
  };

  #release = (event) => {
    const key = keyName(event);
    if (this.#down.delete(key)) this.onRelease(key);
  };

  /** Keys that are let go elsewhere are never told of. */
  #rest = () => {
    const keys = [...this.#down];
    this.#down.clear();
    keys.forEach((key) => this.onRelease(key));
  };

  #focused = (event) => {
    if (isTyping(event)) this.#rest();
  };
}
