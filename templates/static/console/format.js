// How figures read.

const STATUS = {
  pending: "uploaded",
  approved: "queued",
  processing: "rendering",
  preview: "preview ready",
  finished: "finished",
  error: "failed",
  cancelled: "cancelled",
};

export const isActive = (row) => row.status === "approved" || row.status === "processing";

/** A queued preview is "processing" in the API's words; its place in the queue tells it from a running one. */
export function statusText(row) {
  if (row.paused) return "paused";
  const waits = row.status === "processing" && row.frames_done === 0 && row.job_time === null;
  return waits ? "queued" : STATUS[row.status] ?? row.status;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const [unit, part, above, below] = whole < 3600 ? [60, 1, "min", "s"] : [3600, 60, "h", "min"];
  const rest = Math.floor((whole % unit) / part);
  return `${Math.floor(whole / unit)} ${above}${rest ? ` ${rest} ${below}` : ""}`;
}

export function frames(row) {
  return `${row.frames_done} of ${row.frames_total} frames`;
}

/** One line on an active render: frames, time left, place in the queue. */
export function progressText(row) {
  const place = row.queue.your_position;
  const parts = statusText(row) === "queued" && place ? [`place ${place} in the queue`] : [frames(row)];
  if (row.estimated_time_left !== null) parts.push(`about ${duration(row.estimated_time_left)} left`);
  return parts.join(" · ");
}

/** A rational such as 30000/1001 to at most three digits. */
export function rate(fps) {
  if (!fps) return "";
  const [above, below = 1] = String(fps).split("/").map(Number);
  return String(Math.round((above / below) * 1000) / 1000);
}
