// Keyframe schedules as text: cut as the renderer cuts them, written so that it reads the same numbers back. What an
// expression comes to is the renderer's business; here it is only kept.

const NUMBER = /^[+-]?(\d+(\.\d+)?|\.\d+)$/;
const CLOSING = { "(": ")", "[": "]", "{": "}" };

/** A text that is no schedule: the message says where. */
export class ScheduleError extends Error {}

/** The number a text stands for, brackets and quotes around it included; null for anything else. */
export function plainNumber(text) {
  const bare = text.replace(/['"()]/g, "").trim();
  return NUMBER.test(bare) ? Number(bare) : null;
}

/**
 * The keyframes in the text's order: {position, frame, text, value}. `position` and `text` as written; `frame` and `value` are
 * null where an expression decides. Throws ScheduleError.
 */
export function parseSchedule(schedule) {
  if (plainNumber(schedule) !== null) return [keyframe("0", schedule)];
  const pairs = split(schedule, ",").filter((pair) => pair.trim());
  if (!pairs.length) throw new ScheduleError("The schedule is empty.");
  return pairs.map((pair) => {
    const [position, text = ""] = split(pair, ":");
    if (!text.trim()) throw new ScheduleError(`Expected frame: (value), not “${pair.trim().slice(0, 40)}”.`);
    return keyframe(position, text);
  });
}

function keyframe(position, text) {
  const frame = plainNumber(position);
  return { position: position.trim(), frame: frame === null ? null : Math.trunc(frame), text: text.trim(), value: plainNumber(text) };
}

/** A keyframe of numbers. */
export const numberAt = (frame, value) => ({ position: String(frame), frame, text: `(${decimal(value)})`, value });

export function formatSchedule(keyframes) {
  return keyframes.map(({ position, text }) => `${position}: ${bracketed(text)}`).join(", ");
}

/** Digits alone: a number with an exponent is an expression to the renderer, which does not interpolate from it. */
export function decimal(value) {
  const text = String(value);
  if (!/e/.test(text)) return text;
  return value.toFixed(20).replace(/\.?0+$/, "");
}

const bracketed = (text) => (/^\(.*\)$|^(["']).*\1$/s.test(text) ? text : `(${text})`);

/** Cuts where `separator` stands outside brackets and quotes. */
function split(text, separator) {
  const parts = [];
  const open = [];
  let start = 0;
  let quote = "";
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quote) quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (CLOSING[character]) open.push(CLOSING[character]);
    else if (")]}".includes(character)) {
      if (open.pop() !== character) throw new ScheduleError(`Unbalanced “${character}”.`);
    } else if (character === separator && !open.length) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  if (quote || open.length) throw new ScheduleError(quote ? "A quote is not closed." : "A bracket is not closed.");
  return [...parts, text.slice(start)];
}

/**
 * The fewest keyframes of numbers whose straight lines stay within `tolerance` of `values`, the first of which is at frame
 * `start` (Ramer, Douglas and Peucker). With tolerance 0 nothing but what lies on a line is left out.
 */
export function simplify(values, { start = 0, tolerance = 0 } = {}) {
  const kept = new Set([0, values.length - 1]);
  const spans = [[0, values.length - 1]];
  const least = Math.max(tolerance, 1e-12 * Math.max(1, ...values.map(Math.abs)));
  while (spans.length) {
    const [first, last] = spans.pop();
    let worst = -1;
    let distance = least;
    for (let index = first + 1; index < last; index += 1) {
      const line = values[first] + ((values[last] - values[first]) * (index - first)) / (last - first);
      const off = Math.abs(values[index] - line);
      if (off > distance) [worst, distance] = [index, off];
    }
    if (worst < 0) continue;
    kept.add(worst);
    spans.push([first, worst], [worst, last]);
  }
  return [...kept].sort((a, b) => a - b).map((index) => numberAt(start + index, values[index]));
}

/**
 * The schedule with what was drawn by hand from frame `start` on. `values` are the numbers it has had at every frame: outside
 * the drawn frames they stay what they were, expressions go on after it. Positions that an expression decides become plain
 * keyframes.
 */
export function splice(schedule, values, start, drawn, tolerance = 0) {
  const last = values.length - 1;
  const end = start + drawn.length - 1;
  const middle = simplify(drawn, { start, tolerance });
  const parsed = parseSchedule(schedule);
  if (parsed.some(({ frame }) => frame === null)) {
    const whole = values.map((value, frame) => (frame >= start && frame <= end ? drawn[frame - start] : value));
    const before = start > 0 ? simplify(whole.slice(0, start)) : [];
    const after = end < last ? simplify(whole.slice(end + 1), { start: end + 1 }) : [];
    return formatSchedule([...before, ...middle, ...after]);
  }
  // Of two at one frame the later one counts; those outside the film decide nothing within it but what is held.
  const known = [...new Map(parsed.map((found) => [found.frame, found])).values()].sort((a, b) => a.frame - b.frame);
  const inForce = (frame) => known.findLast((found) => found.frame <= frame);
  const before = known.filter(({ frame }) => frame < start);
  const after = known.filter(({ frame }) => frame > end + 1);
  if (start > 0 && inForce(start - 1)?.value !== null && before.at(-1)?.frame !== start - 1) {
    before.push(numberAt(start - 1, values[start - 1]));
  }
  if (end < last) {
    const next = inForce(end + 1);
    const expression = next && next.value === null;
    after.unshift(expression ? { ...next, position: String(end + 1), frame: end + 1 } : numberAt(end + 1, values[end + 1]));
  }
  return formatSchedule([...before, ...middle, ...after]);
}
