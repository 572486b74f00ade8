// Asks again and again: often while something moves, seldom when idle, seldom still when nobody looks or when told.

const ACTIVE_MS = 1_000;
const IDLE_MS = 5_000;
const HIDDEN_MS = 15_000;
const TOLD_MS = 30_000;
const RETRY_MS = 3_000;

export class Poller {
  #task;
  #isTold;
  #timer = null;
  #running = false;
  #again = false;
  #stopped = true;

  /** `task()` answers whether something is active. What it throws is its own business to have shown: it is asked again.
   * While `isTold()`, changes are told from elsewhere, and asking is for certainty. */
  constructor(task, isTold) {
    this.#task = task;
    this.#isTold = isTold;
    document.addEventListener("visibilitychange", () => !document.hidden && this.now());
  }

  start() {
    this.#stopped = false;
    this.now();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Ask at once instead of waiting for the next turn. */
  async now() {
    if (this.#stopped) return;
    // The answer under way may be older than the reason to ask.
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#running = true;
    this.#again = false;
    let delay = RETRY_MS;
    try {
      const active = await this.#task();
      delay = this.#again ? 0 : this.#isTold() ? TOLD_MS : active ? ACTIVE_MS : IDLE_MS;
    } catch (error) {
      delay = Math.max(delay, (error.retryAfter ?? 0) * 1000);
    } finally {
      this.#running = false;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.now(), document.hidden ? Math.max(delay, HIDDEN_MS) : delay);
  }
}
