// The ControlNet units of this render: on or off, weight, start and end.

import { byId, element } from "../dom.js";
import { steer } from "./steer.js";
import { showRows } from "./values.js";

export function showControlNets(session, names) {
  byId("controlnets").hidden = !names.length;
  const units = Map.groupBy(names, (name) => name.split("_")[1]);
  byId("controlnet-units").replaceChildren(...Array.from(units, ([unit, members]) => show(session, unit, members)));
}

function show(session, unit, names) {
  const enabled = `cn_${unit}_enabled`;
  const rows = element("div", { className: "value-rows" });
  showRows(session, rows, names.filter((name) => name !== enabled));
  const head = element("div", { className: "unit-head" }, element("h3", { textContent: `Unit ${unit}` }));
  if (names.includes(enabled)) {
    const box = element("input", { type: "checkbox", id: `value-${enabled}` });
    box.setAttribute("aria-describedby", `value-${enabled}-error`);
    box.addEventListener("change", () => steer(session, { [enabled]: { mode: "replace", value: Number(box.checked) } }, { smooth: false }));
    head.append(element("label", { className: "check" }, box, " on"), element("p", { className: "error", id: `value-${enabled}-error` }));
    const follow = () => {
      const aim = session.aim(enabled);
      box.checked = Boolean(aim.mode === "replace" ? aim.value : session.state?.effective?.[enabled] ?? 1);
    };
    session.on("change", follow);
    follow();
  }
  return element("div", { className: "controlnet" }, head, rows);
}
