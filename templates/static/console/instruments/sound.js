// What is in a sound file: hits, the beat, and the energy of low, middle and high tones.

import { Spectrum } from "./fft.js";
import { beatOf } from "./tempo.js";

export const RATE = 22_050;
const SIZE = 1024;
const HOP = 128;
/** Hz: where the bands begin and end. */
export const BANDS = { low: [20, 250], mid: [250, 4_000], high: [4_000, 11_000] };
export const MAX_SECONDS = 900;
/** Samples that hits are placed by: 3 ms. */
const BLOCK = 64;
const SILENCE = 1e-5;

/** A file's samples, one channel of RATE samples a second. Rejects with a sentence when it is no sound. */
export async function decode(file) {
  let buffer;
  try {
    // The browser's own decoder; an offline context is never held back for want of a click.
    buffer = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name || "The file"} is no sound that this browser can read.`);
  }
  if (buffer.duration > MAX_SECONDS)
    throw new Error(`At most ${MAX_SECONDS / 60} minutes; this sound has ${Math.round(buffer.duration / 60)}.`);
  const mono = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    buffer.getChannelData(channel).forEach((sample, index) => (mono[index] += sample / buffer.numberOfChannels));
  }
  return mono;
}

/**
 * What the samples hold: {duration, hits: [{time, strength}], bpm, offset, columns, bands: {low, mid, high, loudness}}. `bpm` is 0
 * where nothing repeats; bands have one value per column, HOP samples apart. Lets the page breathe meanwhile.
 */
export async function analyse(samples, { onProgress = () => {} } = {}) {
  const spectrum = new Spectrum(SIZE);
  const columns = Math.max(1, Math.ceil(samples.length / HOP));
  const bands = Object.fromEntries([...Object.keys(BANDS), "loudness"].map((name) => [name, new Float32Array(columns)]));
  const edges = Object.entries(BANDS).map(([name, [from, to]]) => [name, bin(from), bin(to)]);
  const flux = new Float32Array(columns);
  let now = new Float64Array(SIZE / 2);
  let before = new Float64Array(SIZE / 2);
  for (let column = 0; column < columns; column += 1) {
    spectrum.at(samples, column * HOP, now);
    let all = 0;
    for (const [name, from, to] of edges) {
      let power = 0;
      for (let n = from; n < to; n += 1) power += now[n] * now[n];
      bands[name][column] = Math.sqrt(power);
      all += power;
    }
    bands.loudness[column] = Math.sqrt(all);
    let risen = 0;
    for (let n = 1; n < SIZE / 2; n += 1) risen += Math.max(0, Math.log1p(100 * now[n]) - Math.log1p(100 * before[n]));
    flux[column] = risen;
    [now, before] = [before, now];
    if (column % 2_000 === 1_999) {
      onProgress(column / columns);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  const duration = samples.length / RATE;
  const hits = placed(samples, peaks(flux));
  return { duration, hits, ...beatOf(hits, duration), columns, bands };
}

const bin = (frequency) => Math.round((frequency * SIZE) / RATE);

/** Columns where the spectrum rises more than around them. */
function peaks(flux) {
  const around = Math.round((0.1 * RATE) / HOP);
  const most = flux.reduce((a, b) => Math.max(a, b), 0);
  const found = [];
  let sum = 0;
  const mean = flux.map((value, index) => {
    sum += value - (flux[index - 8 * around] ?? 0);
    return sum / Math.max(around, Math.min(index + 1, 8 * around));
  });
  for (let index = 0; index < flux.length; index += 1) {
    const value = flux[index];
    if (value < 0.08 * most || value < 1.5 * mean[index] || value < SILENCE) continue;
    let highest = true;
    for (let near = Math.max(0, index - around / 2); near <= index + around / 2; near += 1) {
      if (flux[Math.round(near)] > value) highest = false;
    }
    if (highest && index - (found.at(-1) ?? -Infinity) > around / 2) found.push(index);
  }
  return found;
}

/** Hits by the moment where the sound itself becomes loud, and by how much: a column's look is much wider than a hit is sharp. */
function placed(samples, columns) {
  const reach = Math.round(SIZE / BLOCK);
  const energy = (block) => {
    let sum = 0;
    for (let n = block * BLOCK; n < (block + 1) * BLOCK; n += 1) sum += (samples[n] ?? 0) ** 2;
    return sum;
  };
  const hits = columns.map((column) => {
    const middle = Math.round((column * HOP) / BLOCK);
    let [best, rise] = [middle, 0];
    for (let block = Math.max(0, middle - reach / 2); block <= middle + reach; block += 1) {
      const risen = energy(block) - (block ? energy(block - 1) : 0);
      if (risen > rise) [best, rise] = [block, risen];
    }
    return { time: (best * BLOCK) / RATE, strength: Math.sqrt(rise) };
  });
  const most = hits.reduce((strongest, { strength }) => Math.max(strongest, strength), 0);
  // What only ends is no hit, though its spectrum changes.
  return hits.filter(({ strength }) => strength > 0.05 * most).map(({ time, strength }) => ({ time, strength: strength / most }));
}

/** One value per frame, 0 to 1: the band's mean within each frame, measured by what it reaches in the loudest moments. */
export function bandPerFrame(track, name, { frames, fps }) {
  const band = track.bands[name];
  const perFrame = RATE / HOP / fps;
  const means = Array.from({ length: frames }, (_, frame) => {
    const from = Math.floor(frame * perFrame);
    const to = Math.max(from + 1, Math.floor((frame + 1) * perFrame));
    let sum = 0;
    for (let column = from; column < to; column += 1) sum += band[column] ?? 0;
    return sum / (to - from);
  });
  const sorted = Float32Array.from(band).sort();
  const top = sorted[Math.floor(0.98 * (sorted.length - 1))] || sorted.at(-1);
  return means.map((value) => (top > SILENCE ? Math.min(1, value / top) : 0));
}

/** Highest and lowest sample of so many pieces, for a waveform. */
export function peaksOf(samples, pieces = 2_000) {
  const each = Math.max(1, samples.length / pieces);
  return Float32Array.from({ length: Math.min(pieces, samples.length) }, (_, piece) => {
    let most = 0;
    for (let n = Math.floor(piece * each); n < Math.floor((piece + 1) * each); n += 1)
      if (Math.abs(samples[n]) > Math.abs(most)) most = samples[n];
    return most;
  });
}
