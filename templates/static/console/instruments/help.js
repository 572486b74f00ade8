// The help sheet: which key does what.

import { element } from "../dom.js";

const ALWAYS = [
  ["Ctrl+Z", "Undo"],
  ["Ctrl+Shift+Z", "Redo"],
  ["← →", "One frame back or on, in the film reel"],
  ["Home End", "First and last frame, in the film reel"],
  ["Esc", "Give up a curve that is being drawn"],
];

/** `sections`: [title, [key, what it does][]] each. Closed with Escape, which gives the focus back. */
export function openHelp(sections) {
  if (document.querySelector("dialog[open]")) return;
  const dialog = element("dialog", { className: "help" });
  dialog.setAttribute("aria-labelledby", "help-title");
  const lists = [...sections, ["Everywhere", ALWAYS]].map(([title, rows]) =>
    element(
      "section",
      {},
      element("h3", { textContent: title }),
      element(
        "dl",
        {},
        ...rows.map(([key, text]) =>
          element(
            "div",
            {},
            element("dt", {}, ...key.split(" ").map((part) => element("kbd", { textContent: part }))),
            element("dd", { textContent: text }),
          ),
        ),
      ),
    ),
  );
  const close = element("button", { type: "button", className: "primary", textContent: "Close" });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(
    element("h2", { id: "help-title", textContent: "Keys" }),
    element("div", { className: "help-lists" }, ...lists),
    element("p", {
      className: "hint",
      textContent:
        "Keys and gamepads rest while you write in a field. Which key does what can be changed under Input devices, and all of them turned off.",
    }),
    close,
  );
  document.body.append(dialog);
  dialog.showModal();
}
