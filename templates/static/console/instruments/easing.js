// CSS's easing curves, as the renderer's smooth steps use them.

const NEAR = 1e-9;

/** The cubic Bézier curve from (0, 0) to (1, 1) with these control points, as a function of the share of time. */
export function bezier(x1, y1, x2, y2) {
  const at = (a, b, t) => ((1 - 3 * b + 3 * a) * t + (3 * b - 6 * a)) * t * t + 3 * a * t;
  const slope = (a, b, t) => 3 * (1 - 3 * b + 3 * a) * t * t + 2 * (3 * b - 6 * a) * t + 3 * a;
  return (share) => {
    if (share <= 0) return 0;
    if (share >= 1) return 1;
    // Newton's steps, and halving where the curve is too flat for them.
    let [low, high, t] = [0, 1, share];
    for (let step = 0; step < 60; step += 1) {
      const off = at(x1, x2, t) - share;
      if (Math.abs(off) < NEAR) break;
      if (off > 0) high = t;
      else low = t;
      const steep = slope(x1, x2, t);
      const next = Math.abs(steep) > 1e-6 ? t - off / steep : NaN;
      t = next > low && next < high ? next : (low + high) / 2;
    }
    return at(y1, y2, t);
  };
}

export const EASINGS = {
  linear: [0, 0, 1, 1],
  ease: [0.25, 0.1, 0.25, 1],
  "ease-in": [0.42, 0, 1, 1],
  "ease-out": [0, 0, 0.58, 1],
  "ease-in-out": [0.42, 0, 0.58, 1],
};

/** From 0 to 1 over 4 frames linear: .25, .5, .75, 1. `points`: control points, or the name of a curve above. */
export function eased(from, to, frames, points = "linear") {
  const curve = points === "linear" ? (share) => share : bezier(...(EASINGS[points] ?? points));
  return Array.from({ length: frames }, (_, index) => from + (to - from) * curve((index + 1) / frames));
}
