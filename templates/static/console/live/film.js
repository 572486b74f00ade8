// The film itself: pause and go on, end it here, make it longer, go back, loop, keep values, take the session away as a file.

import { ApiError } from "../api.js";
import { byId, element, keepList, setText } from "../dom.js";
import { complain } from "./errors.js";
import { saveBlob } from "./files.js";
import { order } from "./steer.js";

/** `onCancel()` throws the render away, after the user has been asked. */
export function showFilm(session, { onCancel }) {
  const listen = (id, event, act) => byId(id).addEventListener(event, act, { signal: session.signal });
  const form = (id, read) =>
    listen(id, "submit", (event) => {
      event.preventDefault();
      const [kind, body] = read();
      order(session, kind, body);
    });
  const number = (id) => (byId(id).value === "" ? null : Number(byId(id).value));
  listen("live-pause", "click", () => order(session, "pause"));
  listen("live-resume", "click", () => order(session, "resume"));
  listen("live-stop", "click", () => order(session, "stop"));
  listen("live-cancel", "click", onCancel);
  form("extend", () => ["extend", { frames: number("extend-frames") }]);
  form("rewind", () => ["rewind", { frame: number("rewind-frame"), restore_values: byId("rewind-restore").checked }]);
  form("loop", () => ["loop", { start: number("loop-start"), end: number("loop-end") }]);
  listen("loop-off", "click", () => order(session, "loop", { off: true }));
  listen("snapshot", "submit", async (event) => {
    event.preventDefault();
    const name = byId("snapshot-name");
    if (await order(session, "snapshot", { name: name.value.trim() })) name.value = "";
  });
  listen("record", "click", () => download(session));
  session.on("change", () => draw(session));
  draw(session);
}

function draw(session) {
  const { state, canSteer } = session;
  const paused = state?.paused || state?.job_status === "paused";
  byId("live-pause").hidden = paused;
  byId("live-resume").hidden = !paused;
  byId("live-pause").disabled = byId("live-resume").disabled = byId("live-stop").disabled = !canSteer;
  byId("live-cancel").disabled = !state || session.finished;
  byId("record").disabled = !state;
  byId("loop-off").disabled = !state?.loop;
  byId("rewind-frame").max = Math.max(0, (state?.frame ?? 1) - 1);
  keepList(byId("snapshots"), state?.snapshots ?? [], {
    key: (name) => name,
    create: (name) => {
      const button = element("button", { type: "button", className: "quiet small", textContent: name });
      button.setAttribute("aria-label", `Put back ${name}`);
      button.addEventListener("click", () => order(session, "recall", { name }));
      return element("li", {}, button);
    },
    update: () => {},
  });
}

/** The session so far as a settings file, which renders to the same frames. */
async function download(session) {
  try {
    const response = await session.api.open(`${session.path}/record`, {}, session.signal);
    if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => ({})));
    saveBlob(`render-${session.jobId}.json`, await response.blob());
    setText(byId("live-error"), "");
  } catch (error) {
    if (error.name !== "AbortError") complain("live-error", error instanceof ApiError ? error.message : "The studio does not answer.");
  }
}
