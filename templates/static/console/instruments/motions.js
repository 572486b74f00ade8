// The motions that keys and gamepads can do: what a pad's click does, by another hand.

import { clamp, movingMode, neutral, steer } from "../live/steer.js";

/** [key, label, axis, way]: "y" is up in the picture's own direction, "turn" counter-clockwise; in 2D both are the other way. */
export const MOTIONS = [
  ["pan_left", "Pan left", "pan_x", -1],
  ["pan_right", "Pan right", "pan_x", 1],
  ["pan_up", "Pan up", "pan_y", "y"],
  ["pan_down", "Pan down", "pan_y", "-y"],
  ["rotate_left", "Rotate left", "rotate_x", -1],
  ["rotate_right", "Rotate right", "rotate_x", 1],
  ["rotate_up", "Rotate up", "rotate_y", 1],
  ["rotate_down", "Rotate down", "rotate_y", -1],
  ["tilt_left", "Tilt left", "tilt", "turn"],
  ["tilt_right", "Tilt right", "tilt", "-turn"],
  ["zoom_in", "Zoom in", "zoom", 1],
  ["zoom_out", "Zoom out", "zoom", -1],
];

const STEPS = { pan_x: 1, pan_y: 1, rotate_x: 0.2, rotate_y: 0.2, tilt: 0.2, zoom: 1 };
/** Steps that a stick pushed all the way stands for. */
const REACH = 5;

/** The parameter of a motion in this job, and its direction; null where the job has no such motion. */
export function motionOf(session, key) {
  const [, , axis, way] = MOTIONS.find(([name]) => name === key) ?? [];
  const name = session.names.find((found) => session.parameters.get(found).axis === axis);
  if (!name) return null;
  const flat = !session.names.includes("translation_z");
  const signs = { y: flat ? -1 : 1, "-y": flat ? 1 : -1, turn: flat ? 1 : -1, "-turn": flat ? -1 : 1 };
  const parameter = session.parameters.get(name);
  return { parameter, sign: signs[way] ?? way, step: name === "zoom" ? 0.01 : STEPS[axis] };
}

/** One step further: {name: {value, mode}}, for one motion or several at once. */
export function stepped(session, keys, scale = 1) {
  const values = {};
  for (const key of keys) {
    const motion = motionOf(session, key);
    if (!motion) continue;
    const { parameter, sign, step } = motion;
    const mode = movingMode(session, parameter);
    const { mode: now, value, target } = session.aim(parameter.name);
    const from = values[parameter.name]?.value ?? (now === mode ? (target ?? value) : null) ?? neutral(parameter, mode);
    values[parameter.name] = { mode, value: clamp(parameter, mode, from + sign * step * scale) };
  }
  return values;
}

/** Where sticks and keys that spring back hold the motions: {motion: 0 to 1}; what is at rest is at zero. */
export function held(session, deflections, scale = 1) {
  const values = {};
  for (const [key, share] of Object.entries(deflections)) {
    const motion = motionOf(session, key);
    if (!motion) continue;
    const { parameter, sign, step } = motion;
    const mode = parameter.default_mode;
    const base = values[parameter.name]?.value ?? neutral(parameter, mode);
    values[parameter.name] = { mode, value: clamp(parameter, mode, base + sign * share * step * REACH * scale) };
  }
  return values;
}

/** Everything that moves, at zero. */
export function atRest(session) {
  return held(session, Object.fromEntries(MOTIONS.map(([key]) => [key, 0])));
}

export function go(session, values, { smooth = false } = {}) {
  if (Object.keys(values).length && session.canSteer) steer(session, values, { smooth, merge: true });
}
