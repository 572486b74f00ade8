// Server-sent events, read with fetch because EventSource sends no token.

const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** The studio says something every 15 seconds: a stream that is silent for so long has been cut, and nobody was told. */
const SILENCE_MS = 45_000;
/** A browser has six connections to a studio without TLS, for all of its tabs: one that nobody looks at gives its own up. */
const UNSEEN_MS = 5_000;

/** One address of events: follows it, goes on where it was cut off, and asks again where the server has no streams. */
export class EventStream {
  #open;
  #onEvent;
  #onTrouble;
  #onEnd;
  #stays;
  #unseen = null;
  #seen = null;
  #closed = new AbortController();
  #place = null;
  #retry = RETRY_MS;
  #failures = 0;
  #wake = null;
  #reader = null;

  /**
   * `open(headers, signal)` answers a fetch Response. `onEvent(kind, data, id)` hears every event. `onTrouble(reason)` hears
   * why nothing comes, and an empty text once something does again. `onEnd()`: an answer has ended, another is asked for.
   * `stays()`: whether the stream is needed on a page that nobody looks at, too.
   */
  constructor(open, onEvent, { onTrouble = () => {}, onEnd = () => {}, stays = () => false } = {}) {
    this.#open = open;
    this.#onEvent = onEvent;
    this.#onTrouble = onTrouble;
    this.#onEnd = onEnd;
    this.#stays = stays;
    document.addEventListener("visibilitychange", () => this.#look(), { signal: this.#closed.signal });
  }

  close() {
    this.#closed.abort();
    clearTimeout(this.#unseen);
    this.#wake?.();
    this.#seen?.();
  }

  /** Asks at once instead of after the pause between two attempts. */
  now() {
    this.#wake?.();
  }

  /** The network is gone: whatever is open says nothing more, and may not end by itself. */
  cut() {
    this.#fail();
    this.#reader?.cancel();
  }

  #fail() {
    this.#failures += 1;
    this.#onTrouble("The connection was lost. Trying again …");
  }

  /** The page went out of sight, or came back. */
  #look() {
    clearTimeout(this.#unseen);
    if (document.hidden) this.#unseen = setTimeout(() => this.#stays() || this.#reader?.cancel(), UNSEEN_MS);
    else {
      this.#seen?.();
      this.now();
    }
  }

  async #inSight() {
    while (document.hidden && !this.#stays() && !this.#closed.signal.aborted) {
      await new Promise((resolve) => (this.#seen = resolve));
    }
  }

  /** Follows until closed or refused; answers the refusing status, null when closed. */
  async follow() {
    for (;;) {
      await this.#inSight();
      if (this.#closed.signal.aborted) return null;
      try {
        const headers = { Accept: "text/event-stream", ...(this.#place && { "Last-Event-ID": this.#place }) };
        const response = await this.#open(headers, this.#closed.signal);
        if ([401, 403, 404].includes(response.status)) return response.status;
        if (!response.ok) throw new TypeError(`The studio answered ${response.status}.`);
        await this.#read(response.body.pipeThrough(new TextDecoderStream()).getReader());
      } catch (error) {
        if (this.#closed.signal.aborted) return null;
        this.#fail();
      }
      this.#onEnd();
      await this.#pause(Math.min(this.#retry * 2 ** Math.min(this.#failures, 5), LONGEST_RETRY_MS));
    }
  }

  /** Until the stream's end. An answer that is no stream ends after what happened so far: it is asked for again. */
  async #read(reader) {
    this.#reader = reader;
    let rest = "";
    for (;;) {
      const watch = setTimeout(() => reader.cancel(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(watch));
      if (done) return;
      if (this.#failures) this.#onTrouble("");
      this.#failures = 0;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      blocks.forEach((block) => this.#hear(block));
    }
  }

  #hear(block) {
    const fields = { data: [] };
    for (const line of block.split(/\r?\n/)) {
      const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (name === "data") fields.data.push(value);
      else if (name) fields[name] = value;
    }
    if (fields.id) this.#place = fields.id;
    if (Number(fields.retry) > 0) this.#retry = Number(fields.retry);
    if (fields.event) this.#onEvent(fields.event, JSON.parse(fields.data.join("\n") || "null"), fields.id ?? null);
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
