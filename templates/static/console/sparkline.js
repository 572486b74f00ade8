// A small picture of a keyframe list. Expressions are the renderer's business: they are only named, never evaluated.

const SVG = "http://www.w3.org/2000/svg";
const PAIR = /^\s*["']?(\d+)["']?\s*:\s*\(?\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)?\s*$/;
const WIDTH = 120;
const HEIGHT = 24;

/** Whether the text is one number, which stands for a constant. */
export const isNumber = (text) => /^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/.test(text);

/** `0:(1), 30:(2)` as [[0, 1], [30, 2]] in the order of the frames; null when it holds anything but numbers. */
export function keyframes(text) {
  if (isNumber(text)) return [[0, Number(text)]];
  const pairs = text.split(",").map((part) => PAIR.exec(part));
  if (pairs.some((pair) => !pair)) return null;
  return pairs.map(([, frame, value]) => [Number(frame), Number(value)]).sort((a, b) => a[0] - b[0]);
}

/** Draws the text's curve over `frameCount` frames into the SVG element; leaves it empty for expressions. */
export function drawSparkline(svg, text, frameCount) {
  const points = keyframes(text);
  if (!points) {
    svg.replaceChildren();
    svg.setAttribute("aria-label", "computed by an expression");
    return;
  }
  const last = Math.max(1, frameCount - 1);
  // The first value holds before the first key, the last one after the last key.
  const curve = [[0, points[0][1]], ...points, [Math.max(last, points.at(-1)[0]), points.at(-1)[1]]];
  const values = curve.map(([, value]) => value);
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const x = (frame) => (Math.min(frame, last) / last) * WIDTH;
  const y = (value) => (span ? HEIGHT - 3 - ((value - low) / span) * (HEIGHT - 6) : HEIGHT / 2);
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", curve.map(([frame, value]) => `${x(frame).toFixed(1)},${y(value).toFixed(1)}`).join(" "));
  svg.replaceChildren(line);
  svg.setAttribute("aria-label", span ? `from ${values[0]} to ${values.at(-1)}` : `constant ${values[0]}`);
}
