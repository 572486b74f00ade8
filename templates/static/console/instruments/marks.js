// In and out of a render's film, kept for this browser: numbers of frames and nothing else.

import { recall, remember } from "./memory.js";

const KEPT = 50;

export function marksOf(jobId) {
  const { from, to } = (recall("console-marks") ?? {})[jobId] ?? {};
  return { from: frame(from), to: frame(to) };
}

export function keepMarks(jobId, { from, to }) {
  const all = Object.entries(recall("console-marks") ?? {}).filter(([key]) => key !== String(jobId));
  if (from !== null || to !== null) all.push([jobId, { from, to }]);
  remember("console-marks", Object.fromEntries(all.slice(-KEPT)));
}

const frame = (value) => (Number.isInteger(value) && value >= 0 ? value : null);
