// From a sound to a parameter: one value for each frame of the film.

import { bandPerFrame } from "./sound.js";
import { beats } from "./tempo.js";

export const SOURCES = [
  ["beats", "Beats (BPM)"],
  ["hits", "Hits"],
  ["low", "Low tones"],
  ["mid", "Middle tones"],
  ["high", "High tones"],
  ["loudness", "Loudness"],
];

/** 0 to 1 for each frame: what `source` does, rising at once and falling over `smoothing` frames, `shift` frames later. */
export function envelope(track, { source, every = 1, smoothing = 0, shift = 0 }, { frames, fps }) {
  const raw = source in track.bands ? bandPerFrame(track, source, { frames, fps }) : pulses(track, source, every, { frames, fps });
  const fall = smoothing > 0 ? Math.exp(-1 / smoothing) : 0;
  let level = 0;
  const smooth = raw.map((value) => (level = Math.max(value, level * fall)));
  return smooth.map((_, frame) => smooth[frame - Math.round(shift)] ?? 0);
}

function pulses(track, source, every, { frames, fps }) {
  const values = new Array(frames).fill(0);
  const times =
    source === "beats" ? beats(track, every).map((time) => ({ time, strength: 1 })) : track.hits.filter((_, index) => index % every === 0);
  for (const { time, strength } of times) {
    // The nearest frame: beats that fall on frames are heard a few milliseconds early or late.
    const frame = Math.round(time * fps);
    if (frame < frames) values[frame] = Math.max(values[frame], strength);
  }
  return values;
}

/** The parameter's value at each frame: `low` where the sound is silent, `high` where it is full. */
export function boundValues(track, binding, film) {
  const { low, high } = binding;
  const digits = Math.max(0, Math.min(10, Math.ceil(3 - Math.log10(Math.abs(high - low) || 1))));
  return envelope(track, binding, film).map((share) => Number((low + (high - low) * share).toFixed(digits)));
}
