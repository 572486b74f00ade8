// The newest frame, how far the render is, and what the connection does.

import { byId, setText, webAddress } from "../dom.js";
import { duration } from "../format.js";

const STATUS = { queued: "queued", running: "rendering", paused: "paused", completed: "finished", failed: "failed", cancelled: "cancelled" };
/** The colours of the other view's badges. */
const COLOURS = { queued: "approved", running: "processing", paused: "preview", completed: "finished", failed: "error", cancelled: "" };

export function showScreen(session) {
  byId("live-image").hidden = true;
  byId("live-image").removeAttribute("src");
  byId("live-placeholder").hidden = false;
  for (const id of ["live-error", "live-trouble"]) setText(byId(id), "");
  const show = () => draw(session);
  session.on("change", show);
  session.on("frame", ({ frame_url: url, frame }) => showFrame(session, url, frame));
  session.on("snapshot", ({ frame_url: url, frame }) => showFrame(session, url, frame));
  show();
}

/** Loaded first, then shown: what is on the screen never flickers, and an old frame that comes late is not shown. */
function showFrame(session, url, frame) {
  if (!url) return;
  const picture = new Image();
  picture.onload = () => {
    if (session.closed || session.state?.frame < frame) return;
    const image = byId("live-image");
    image.src = picture.src;
    image.alt = `Frame ${frame}`;
    image.dataset.frame = frame;
    image.hidden = false;
    byId("live-placeholder").hidden = true;
  };
  picture.src = webAddress(url);
}

function draw({ jobId, state, trouble }) {
  setText(byId("live-trouble"), trouble);
  byId("live-status").hidden = byId("live-progress").hidden = !state;
  if (!state) return;
  setText(byId("live-title"), `Video #${state.videoId}: ${state.purpose ?? "render"} ${jobId}`);
  const waits = state.paused && state.job_status === "running";
  const status = waits ? "paused" : state.job_status;
  setText(byId("live-status"), STATUS[status] ?? status);
  byId("live-status").dataset.status = COLOURS[status] ?? "";
  byId("live-bar").value = state.frames_total ? state.frames_done / state.frames_total : 0;
  const left = state.estimated_time_left;
  const parts = [`${state.frames_done ?? 0} of ${state.frames_total ?? "?"} frames`];
  if (typeof left === "number" && status === "running") parts.push(`about ${duration(left)} left`);
  setText(byId("live-progress-text"), parts.join(" · "));
  if (state.job_status === "failed" && state.error) setText(byId("live-error"), state.error);
}
