// Commands on their way: one at a time, in order, each with its number, and again until the studio has answered.

import { ApiError } from "./api.js";

const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 8_000;

export class Outbox {
  #post;
  #waiting = [];
  #busy = false;
  #closed = false;
  /** The highest number this job is known to have. */
  lastNumber = 0;

  /** `post(number, kind, body)` sends one command; what it throws without an answer of the studio is tried again. */
  constructor(post, { onTrouble = () => {} } = {}) {
    this.#post = post;
    this.onTrouble = onTrouble;
  }

  /**
   * Resolves to the stored command. Rejects with the studio's refusal. With `merge`, it may join another such command of
   * its kind that has not left yet: a slider that is dragged sends what it is at, not where it was.
   */
  add(kind, body, { merge = false } = {}) {
    const last = this.#waiting.at(-1);
    if (merge && last?.merge && last.kind === kind && !last.number) {
      last.body = { ...last.body, ...body, ...(body.values && { values: { ...last.body.values, ...body.values } }) };
      return last.promise;
    }
    const item = { kind, body, merge, number: 0 };
    item.promise = new Promise((resolve, reject) => Object.assign(item, { resolve, reject }));
    this.#waiting.push(item);
    this.#run();
    return item.promise;
  }

  /** What has not been stored yet is given up. */
  close(reason = new DOMException("The session was closed.", "AbortError")) {
    this.#closed = true;
    this.drop(reason);
  }

  drop(reason) {
    for (const item of this.#waiting.splice(0)) item.reject(reason);
  }

  get size() {
    return this.#waiting.length;
  }

  async #run() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting.length && !this.#closed) {
      const item = this.#waiting[0];
      try {
        const row = await this.#store(item);
        if (this.#waiting[0] === item) this.#waiting.shift();
        item.resolve(row);
      } catch (error) {
        if (this.#waiting[0] === item) this.#waiting.shift();
        item.reject(error);
      }
    }
    this.#busy = false;
  }

  async #store(item) {
    item.number = this.lastNumber + 1;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const row = await this.#post(item.number, item.kind, item.body);
        this.lastNumber = Math.max(this.lastNumber, item.number);
        if (attempt) this.onTrouble("");
        return row;
      } catch (error) {
        if (this.#closed || error.name === "AbortError") throw error;
        if (error instanceof ApiError && error.code === "stale_number" && attempt < 8) {
          // Another page was quicker; the studio says how far the numbers are.
          this.lastNumber = Math.max(this.lastNumber, Number(error.data?.last_number) || item.number);
          item.number = this.lastNumber + 1;
        } else if (isRefusal(error)) {
          throw error;
        } else {
          // Whether it arrived is not known: the same number and body are answered as before if it did.
          this.onTrouble("A command is under way; the connection was lost. Trying again …");
          const pause = Math.max(Math.min(RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS), 1000 * (error.retryAfter ?? 0));
          await new Promise((resolve) => setTimeout(resolve, pause));
          if (this.#closed || !this.#waiting.includes(item)) throw new DOMException("Given up.", "AbortError");
        }
      }
    }
  }
}

/** The studio has understood and said no; 429 and 5xx say "not now". */
function isRefusal(error) {
  return error instanceof ApiError && error.status < 500 && error.status !== 429 && error.status !== 408;
}
