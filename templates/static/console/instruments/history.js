// Steps back and forth, over whatever knows how to take itself back.

const MOST = 200;

export class History {
  #done = [];
  #undone = [];
  #busy = false;
  #last = Promise.resolve();
  #listeners = new Set();

  /** `step`: {label, undo(), redo()}; both may be asynchronous, and may reject. */
  add(step) {
    if (this.#busy) return;
    this.#done.push(step);
    this.#done.splice(0, this.#done.length - MOST);
    this.#undone.length = 0;
    this.#tell();
  }

  get steps() {
    return { done: this.#done.map(({ label }) => label), undone: this.#undone.map(({ label }) => label).reverse() };
  }

  clear() {
    this.#done.length = 0;
    this.#undone.length = 0;
    this.#tell();
  }

  undo() {
    return this.#move(this.#done, this.#undone, "undo");
  }

  redo() {
    return this.#move(this.#undone, this.#done, "redo");
  }

  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers the step's label, null where there is none. Quick clicks are taken one after the other. */
  #move(from, to, act) {
    const move = this.#last.then(() => this.#take(from, to, act));
    this.#last = move.catch(() => {});
    return move;
  }

  /** A step that can't be taken stays where it was. */
  async #take(from, to, act) {
    const step = from.at(-1);
    if (!step) return null;
    this.#busy = true;
    try {
      await step[act]();
      from.splice(from.indexOf(step), 1);
      to.push(step);
      return step.label;
    } finally {
      this.#busy = false;
      this.#tell();
    }
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}
