// Four pads, the field of view, how motions go, and how far those under way are.

import { byId, element, keepList, setText } from "../dom.js";
import { Pad } from "./pad.js";
import { figure, zero } from "./steer.js";
import { showRows } from "./values.js";

const EASING_LABELS = { linear: "Linear", ease: "Ease", "ease-in": "Ease in", "ease-out": "Ease out", "ease-in-out": "Ease in and out" };
const FOV = "fov_schedule";
const FOV_RESET = 70;
const SVG = "http://www.w3.org/2000/svg";

/** Which directions of which axes a pad has: [place, axis, sign, word]. Up moves the picture up; in 2D that is less of y. */
const PADS = [
  { name: "Pan", step: () => 1, ways: [["up", "pan_y", "y", "up"], ["left", "pan_x", -1, "left"], ["right", "pan_x", 1, "right"], ["down", "pan_y", "-y", "down"]] },
  { name: "Rotate", step: () => 0.2, ways: [["up", "rotate_y", 1, "up"], ["left", "rotate_x", -1, "left"], ["right", "rotate_x", 1, "right"], ["down", "rotate_y", -1, "down"]] },
  { name: "Tilt", step: () => 0.2, ways: [["left", "tilt", "ccw", "left"], ["right", "tilt", "cw", "right"]] },
  { name: "Zoom", step: (parameter) => (parameter.name === "zoom" ? 0.01 : 1), ways: [["up", "zoom", 1, "in"], ["down", "zoom", -1, "out"]] },
];

export function showMotion(session) {
  const motions = session.names.filter((name) => session.parameters.get(name).group === "motion");
  const byAxis = new Map(motions.map((name) => [session.parameters.get(name).axis, session.parameters.get(name)]));
  const flat = !motions.includes("translation_z");
  const sign = { y: flat ? -1 : 1, "-y": flat ? 1 : -1, ccw: flat ? 1 : -1, cw: flat ? -1 : 1 };
  const pads = PADS.map(({ name, step, ways }) => {
    const usable = ways.filter(([, axis]) => byAxis.has(axis)).map(([place, axis, way, word]) => ({ place, word, parameter: byAxis.get(axis), sign: sign[way] ?? way }));
    return new Pad(session, name, usable, usable.length ? step(usable[0].parameter) : 1);
  });
  byId("pads").replaceChildren(...pads.map((pad) => pad.node));
  session.on("change", () => pads.forEach((pad) => pad.show()));

  byId("zero-all").addEventListener("click", () => zero(session, motions.map((name) => session.parameters.get(name))), { signal: session.signal });
  showRows(session, byId("motion-rows"), motions);
  byId("fov-row").hidden = !session.names.includes(FOV);
  showRows(session, byId("fov-row"), session.names.filter((name) => name === FOV), { reset: { [FOV]: FOV_RESET } });
  showEasings(session);
  session.on("change", () => showUnderWay(session));
  showUnderWay(session);
}

function showEasings(session) {
  const select = byId("easing");
  const chosen = select.value;
  const names = Object.keys(session.easings);
  select.replaceChildren(...names.map((name) => element("option", { value: name, textContent: EASING_LABELS[name] ?? name })));
  select.value = names.includes(chosen) ? chosen : names[0];
  const draw = () => {
    const [x1, y1, x2, y2] = session.easings[select.value];
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", `M0,1 C${x1},${1 - y1} ${x2},${1 - y2} 1,0`);
    byId("easing-curve").replaceChildren(path);
  };
  select.addEventListener("change", draw, { signal: session.signal });
  draw();
}

const longest = new Map();

/** Parameters, the morph and bindings on their way, each with how far it is. */
function showUnderWay(session) {
  const { live = {}, bindings = {}, prompt } = session.state ?? {};
  const moving = [
    ...Object.entries(live).map(([name, motion]) => ({ key: name, label: session.parameters.get(name)?.label ?? name, ...motion })),
    ...Object.entries(bindings).map(([name, motion]) => ({ key: `{{${name}}}`, label: `{{${name}}}`, ...motion })),
    ...(prompt?.frames_left ? [{ key: "morph", label: "Morph", ...prompt, value: prompt.morph }] : []),
  ].filter((motion) => motion.frames_left > 0);
  keepList(byId("under-way"), moving, {
    key: (motion) => motion.key,
    create: (motion) => {
      longest.set(motion.key, motion.frames_left);
      const bar = element("progress", { max: 1 });
      bar.setAttribute("aria-label", `${motion.label}, under way`);
      return element("li", {}, element("span"), bar);
    },
    update: (node, motion) => {
      // A goal that was extended takes longer than it did.
      longest.set(motion.key, Math.max(longest.get(motion.key) ?? 1, motion.frames_left));
      setText(node.firstChild, `${motion.label} to ${figure(motion.target ?? motion.value)}: ${motion.frames_left} frames left`);
      node.lastChild.value = 1 - motion.frames_left / longest.get(motion.key);
    },
  });
}
