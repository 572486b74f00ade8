// Settings files: dropped anywhere on the page or chosen, checked by the studio, put into the form; and the form as a file.

import { element } from "../dom.js";
import { composed } from "./composed.js";
import { button, explain, field, group, note, save } from "./parts.js";

const MOST_BYTES = 2_000_000;
const SETTINGS = /\.(txt|json)$/i;

/** Builds the panel in `host`; answers what takes it down again. */
export function mount(host, session) {
  const said = note();
  const found = element("div", { className: "found" });
  const input = element("input", { type: "file", accept: ".txt,.json,application/json,text/plain" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (file) await load(file);
  });
  host.append(
    field("Settings file of Deforum", input, "Or drop it anywhere on the page."),
    group(
      "line",
      "Settings as a file",
      button("Save these settings", () =>
        save("deforum-settings.txt", new Blob([JSON.stringify(composed.settings(), null, 1)], { type: "text/plain" })),
      ),
    ),
    said.node,
    found,
  );

  /** Nothing in the form changes before the studio has read all of it. */
  async function load(file) {
    found.replaceChildren();
    try {
      said.say(`Reading ${file.name} …`);
      const settings = await parsed(file);
      const read = await session.api.post("/api/v1/deforum-settings", { settings });
      composed.fill(read.settings);
      said.say(`${file.name}: ${Object.keys(read.settings).length} settings are in the form.`);
      tell(read);
    } catch (error) {
      if (error.name === "AbortError") return;
      said.say(`${file.name}: ${error instanceof FileError ? error.message : explain(error)}`, { wrong: true });
    }
  }

  function tell({ unknown_keys: unknown, not_taken: reasons }) {
    const left = Object.entries(reasons);
    if (left.length)
      found.append(
        listed(
          `${left.length} not taken as they stand`,
          left.map(([name, reason]) => (reason.startsWith(name) ? reason : `${name}: ${reason}`)),
        ),
      );
    if (unknown.length) found.append(listed(`${unknown.length} mean nothing here`, unknown));
  }

  const carries = (event) => Array.from(event.dataTransfer?.types ?? []).includes("Files");
  const over = (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  };
  const away = (event) => !event.relatedTarget && document.body.classList.remove("dropping");
  const dropped = async (event) => {
    document.body.classList.remove("dropping");
    if (!carries(event) || event.defaultPrevented) return;
    // A file that is dropped beside its place must not take the page away.
    event.preventDefault();
    const files = Array.from(event.dataTransfer.files);
    const file = files.find(({ name }) => SETTINGS.test(name));
    if (file) await load(file);
    else said.say(`${files[0]?.name ?? "This"} is no settings file: those end in .txt or .json.`, { wrong: true });
  };
  const listening = { dragover: over, dragleave: away, drop: dropped };
  for (const [event, act] of Object.entries(listening)) addEventListener(event, act);
  const close = () => Object.entries(listening).forEach(([event, act]) => removeEventListener(event, act));
  session.on?.("closed", close);
  return close;
}

class FileError extends Error {}

async function parsed(file) {
  if (file.size > MOST_BYTES) throw new FileError(`more than ${MOST_BYTES / 1_000_000} MB; a settings file has some kilobytes.`);
  let settings;
  try {
    settings = JSON.parse(await file.text());
  } catch (error) {
    throw new FileError(`no settings file: ${error.message}`);
  }
  if (settings === null || typeof settings !== "object" || Array.isArray(settings))
    throw new FileError("no settings file: it holds no object.");
  return settings;
}

function listed(title, lines) {
  return element(
    "details",
    { className: "group" },
    element("summary", { textContent: title }),
    element("ul", { className: "hint" }, ...lines.map((text) => element("li", { textContent: text }))),
  );
}
