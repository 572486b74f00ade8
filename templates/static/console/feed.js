// What happens to me, as it happens: server-sent events, read with fetch because EventSource sends no token.

const RETRY_MS = 3_000;

export class Feed {
  #token;
  #onEvent;
  #closed = new AbortController();
  #place = null;
  /** Whether the server keeps the stream open. Where it doesn't, asking for events is no better than polling. */
  live = false;

  /** `onEvent(kind, data)` hears every event; `reset` among them says that some were missed. */
  constructor(token, onEvent) {
    this.#token = token;
    this.#onEvent = onEvent;
  }

  close() {
    this.live = false;
    this.#closed.abort();
  }

  /** Follows until closed, refused, or told that this server has no streams. */
  async follow() {
    while (!this.#closed.signal.aborted) {
      try {
        const response = await fetch("/api/events", {
          headers: { Authorization: `Bearer ${this.#token}`, ...(this.#place && { "Last-Event-ID": this.#place }) },
          credentials: "omit",
          cache: "no-store",
          signal: this.#closed.signal,
        });
        if ([401, 403, 404].includes(response.status)) return;
        if (response.ok) await this.#read(response.body.pipeThrough(new TextDecoderStream()).getReader());
        if (response.ok && !this.live) return;
      } catch (error) {
        if (error.name === "AbortError") return;
      }
      // What happens until the next stream is in the log, but whoever relied on this one should look.
      if (this.live) this.#onEvent("reset", {});
      this.live = false;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #read(reader) {
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      blocks.forEach((block) => this.#hear(block));
    }
  }

  #hear(block) {
    const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
    if (fields.id) this.#place = fields.id;
    if (!fields.event) return;
    const data = JSON.parse(fields.data);
    if (fields.event === "ready") this.live = data.live;
    this.#onEvent(fields.event, data);
  }
}
