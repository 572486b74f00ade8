// What happens to me, as it happens.

import { EventStream } from "./stream.js";

export class Feed {
  #stream;
  /** Whether the server keeps the stream open. Where it doesn't, asking for events is no better than polling. */
  live = false;
  #wasLive = false;

  /** `onEvent(kind, data)` hears every event; `reset` among them says that some were missed. */
  constructor(api, onEvent) {
    this.#stream = new EventStream(
      (headers, signal) => api.open("/api/events", headers, signal),
      (kind, data) => {
        if (kind === "ready") {
          this.live = data.live;
          this.#wasLive ||= data.live;
        }
        onEvent(kind, data);
        // Without streams for a moment, or with none at all.
        if (kind === "ready" && !this.#wasLive) this.close();
      },
      {
        onEnd: () => {
          // What happens until the next stream is in the log, but whoever relied on this one should look.
          if (this.live) onEvent("reset", {});
          this.live = false;
        },
      },
    );
  }

  close() {
    this.live = false;
    this.#stream.close();
  }

  follow() {
    return this.#stream.follow();
  }
}
