// Layouts of the panels under names of their own.

import { element, keepList } from "../dom.js";
import { applyLayout, forgetLayout, keepLayout, layout } from "./frame.js";
import { button, field, group, note } from "./parts.js";

const MOST = 20;

/** Builds the panel in `host`. */
export function mount(host) {
  const name = element("input", { type: "text", maxLength: 40, placeholder: "a name" });
  const said = note();
  const rows = element("ul", { className: "layout-rows" });
  const form = element(
    "form",
    { className: "line", noValidate: true },
    field("Keep the panels as they are, as", name),
    element("button", { type: "submit", className: "quiet", textContent: "Keep" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = name.value.trim();
    const { saved } = layout();
    if (!text) return say("Which name?", true);
    if (!(text in saved) && Object.keys(saved).length >= MOST) return say(`At most ${MOST} layouts; remove one first.`, true);
    keepLayout(text);
    name.value = "";
    return say(`Kept as ${text}.`);
  });

  function say(text, wrong = false) {
    said.say(text, { wrong });
    show();
  }

  function show() {
    keepList(rows, Object.keys(layout().saved), {
      key: (key) => key,
      create: (key) =>
        element(
          "li",
          { className: "line" },
          button(key, () => {
            applyLayout(layout().saved[key]);
            say(`${key}.`);
          }),
          button(
            "Remove",
            () => {
              forgetLayout(key);
              say(`${key} is removed.`);
            },
            { className: "quiet small", label: `Remove the layout ${key}` },
          ),
        ),
      update: () => {},
    });
  }

  host.append(
    form,
    rows,
    group(
      "line",
      "All panels",
      button("As at first", () => {
        applyLayout();
        say("The panels are as they were at first.");
      }),
    ),
    said.node,
  );
  show();
}
