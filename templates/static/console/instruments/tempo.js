// The beat behind a row of hits.

const SLOWEST = 50;
const FASTEST = 210;
/** Of a beat: how far from it a hit still counts as on it. */
const NEAR = 0.12;
/** Seconds: a beat that is that early is the sound's begin. */
const AT_ONCE = 0.01;

/** {bpm, offset}: beats are at offset + k * 60 / bpm seconds. Both 0 where nothing repeats. */
export function beatOf(hits, duration) {
  if (hits.length < 4) return { bpm: 0, offset: 0 };
  const periods = candidates(hits);
  let best = null;
  for (const rough of periods) {
    const fitted = fit(hits, rough);
    const bpm = 60 / fitted.period;
    if (!(bpm >= SLOWEST && bpm <= FASTEST)) continue;
    const score = agreement(hits, fitted, duration) * likely(bpm);
    if (!best || score > best.score) best = { ...fitted, score };
  }
  if (!best) return { bpm: 0, offset: 0 };
  // The first beat within the sound.
  const early = Math.floor((best.phase + AT_ONCE) / best.period);
  return { bpm: 60 / best.period, offset: Math.max(0, best.phase - early * best.period) };
}

/** The distances between hits and their next few that occur most. */
function candidates(hits) {
  const votes = new Map();
  hits.forEach(({ time, strength }, index) => {
    for (const later of hits.slice(index + 1, index + 9)) {
      const gap = later.time - time;
      for (const parts of [1, 2, 3, 4]) {
        const period = gap / parts;
        if (period < 60 / FASTEST || period > 60 / SLOWEST) continue;
        const bin = Math.round(Math.log2(period) * 48);
        const vote = (strength * later.strength) / parts;
        // A gap lies on the border of two bins now and then.
        for (const near of [bin - 1, bin, bin + 1]) votes.set(near, (votes.get(near) ?? 0) + (near === bin ? vote : vote / 2));
      }
    }
  });
  return [...votes]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 12)
    .map(([bin]) => 2 ** (bin / 48));
}

/** Period and phase by least squares over the hits that are on the beat, from the strongest one outwards. */
function fit(hits, rough) {
  let period = rough;
  let phase = hits.reduce((a, b) => (b.strength > a.strength ? b : a)).time;
  for (let round = 0; round < 4; round += 1) {
    // From beat to beat, so that an error of the rough period does not add up.
    let [beat, time] = [0, phase];
    const on = [];
    for (const hit of hits.filter((found) => found.time >= phase)) {
      const steps = Math.round((hit.time - time) / period);
      if (Math.abs(hit.time - time - steps * period) > NEAR * period * (1 + 0.1 * Math.max(0, steps - 1))) continue;
      [beat, time] = [beat + steps, hit.time];
      on.push([beat, hit.time, hit.strength]);
    }
    [beat, time] = [0, phase];
    for (const hit of hits.filter((found) => found.time < phase).reverse()) {
      const steps = Math.round((hit.time - time) / period);
      if (Math.abs(hit.time - time - steps * period) > NEAR * period * (1 + 0.1 * Math.max(0, -steps - 1))) continue;
      [beat, time] = [beat + steps, hit.time];
      on.push([beat, hit.time, hit.strength]);
    }
    const weight = on.reduce((sum, [, , strength]) => sum + strength, 0);
    const meanBeat = on.reduce((sum, [at, , strength]) => sum + at * strength, 0) / weight;
    const meanTime = on.reduce((sum, [, at, strength]) => sum + at * strength, 0) / weight;
    const spread = on.reduce((sum, [at, , strength]) => sum + strength * (at - meanBeat) ** 2, 0);
    if (!spread) break;
    period = on.reduce((sum, [at, when, strength]) => sum + strength * (at - meanBeat) * (when - meanTime), 0) / spread;
    phase = meanTime - meanBeat * period;
    if (!(period > 0)) return { period: rough, phase };
  }
  return { period, phase };
}

/** How well hits and beats agree, 0 to 1: as many hits as possible on a beat, and as many beats as possible with a hit. */
function agreement(hits, { period, phase }, duration) {
  const taken = new Set();
  let on = 0;
  let all = 0;
  for (const { time, strength } of hits) {
    const beat = Math.round((time - phase) / period);
    // By energy: what is played between the beats is softer.
    all += strength ** 2;
    if (Math.abs(time - phase - beat * period) > NEAR * period) continue;
    on += strength ** 2;
    taken.add(beat);
  }
  const span = Math.min(duration, hits.at(-1).time) - hits[0].time;
  const filled = taken.size / Math.max(1, Math.round(span / period) + 1);
  const explained = on / all;
  return (2 * explained * filled) / (explained + filled || 1);
}

/** Of two readings that fit alike, the one people tap to. */
const likely = (bpm) => Math.exp(-0.5 * (Math.log2(bpm / 120) / 1.2) ** 2);

/** Times of every `every`-th beat within the sound; one at its very end is none. */
export function beats({ bpm, offset, duration }, every = 1) {
  if (!(bpm > 0)) return [];
  const period = (60 / bpm) * every;
  const count = Math.ceil((duration - offset) / period - 1e-3);
  return Array.from({ length: Math.min(20_000, Math.max(0, count)) }, (_, beat) => offset + beat * period);
}
