// Undo and redo: of what was sent to a render, and of the settings that are composed.

import { element, setText } from "../dom.js";
import { composed } from "./composed.js";
import { History } from "./history.js";
import { isTyping } from "./keyboard.js";
import { button, explain, group, note } from "./parts.js";

const SHOWN = 8;

/** Builds the panel in `host`; answers what takes it down again. Without a render in hand it is about the settings. */
export function mount(host, session) {
  const history = new History();
  const said = note();
  const list = element("ol", { className: "steps" });
  const back = button("Undo", () => move("undo"));
  const forth = button("Redo", () => move("redo"));
  back.title = "Ctrl+Z";
  forth.title = "Ctrl+Shift+Z";
  list.setAttribute("aria-label", "What can be undone, newest first");
  host.append(group("line", "Undo and redo", back, forth), list, said.node);

  async function move(act) {
    try {
      const label = await history[act]();
      if (label) said.say(`${act === "undo" ? "Undone" : "Done again"}: ${label}.`);
    } catch (error) {
      if (error.name !== "AbortError") said.say(explain(error), { wrong: true });
    }
  }

  function show() {
    const { done, undone } = history.steps;
    back.disabled = !done.length;
    forth.disabled = !undone.length;
    list.replaceChildren(
      ...done
        .slice(-SHOWN)
        .reverse()
        .map((label) => element("li", { textContent: label })),
    );
    if (!done.length) setText(list, "");
  }

  const keys = (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
    // A field that is written in has its own; and of two panels the one in sight answers.
    if (isTyping(event) || !(host.closest(".instrument") ?? host).offsetParent) return;
    event.preventDefault();
    move(key === "y" || event.shiftKey ? "redo" : "undo");
  };
  addEventListener("keydown", keys);
  const offs = [
    history.onChange(show),
    () => removeEventListener("keydown", keys),
    session.jobId ? live(session, history) : settings(session, history),
  ];
  show();
  const close = () => offs.forEach((off) => off());
  session.on?.("closed", close);
  return close;
}

/** Commands that set something are undone by the command that sets what was. */
function live(session, history) {
  // What this page has set and no snapshot has told yet: quick clicks overtake their acks.
  let known = {};
  const offs = [
    session.on("snapshot", () => (known = {})),
    session.on("rewind", () => (known = {})),
    session.on("sent", ({ kind, body, before }) => {
      const inverse = inverseOf(kind, body, { ...before, live: { ...before.live, ...known } });
      Object.assign(known, body.values);
      if (!inverse) return;
      history.add({
        label: labelOf(session, kind, body),
        undo: () => session.send(...inverse),
        redo: () => session.send(kind, body),
      });
    }),
  ];
  return () => offs.forEach((off) => off());
}

/** [kind, body] of the command that takes one back; null for what no command takes back. */
export function inverseOf(kind, body, before) {
  if (kind === "set" || kind === "set_smooth") {
    const names = Object.keys(body.values ?? {});
    return names.length ? ["set", { values: Object.fromEntries(names.map((name) => [name, valueBefore(before.live?.[name])])) }] : null;
  }
  if (kind === "prompt") {
    const { a = "", b = "", negative = "", morph = 0, mode = "schedule" } = before.prompt ?? {};
    return [
      "prompt",
      { a: a ?? "", b: b ?? "", negative: negative ?? "", morph: morph ?? 0, mode: mode ?? "schedule", bindings: before.bindings ?? {} },
    ];
  }
  if (kind === "pause") return ["resume", {}];
  if (kind === "resume") return ["pause", {}];
  if (kind === "loop") return ["loop", before.loop ? { start: before.loop.start, end: before.loop.end } : { off: true }];
  return null;
}

function valueBefore(live) {
  if (!live || !live.mode || live.mode === "schedule") return { mode: "schedule" };
  // A motion that was under way had its goal in mind.
  return { mode: live.mode, value: live.frames_left ? (live.target ?? live.value) : live.value };
}

function labelOf(session, kind, body) {
  const words = {
    set: "",
    set_smooth: "smoothly ",
    prompt: "prompt",
    pause: "pause",
    resume: "resume",
    loop: body.off ? "loop off" : "loop",
  };
  if (!body.values) return words[kind];
  const named = Object.entries(body.values).map(([name, { mode, value }]) => {
    const label = session.parameters.get(name)?.label ?? name;
    return mode === "schedule" ? `${label} by schedule` : `${label} ${typeof value === "number" ? Number(value.toFixed(4)) : value}`;
  });
  return words[kind] + (named.length > 3 ? `${named.length} values` : named.join(", "));
}

/** Every change of the form is a step; typing in one field is one. */
function settings(session, history) {
  let known = session.first ?? composed.snapshot();
  const step = () => {
    const now = composed.snapshot();
    const changed = Object.keys(now).filter((key) => now[key] !== known[key]);
    if (!changed.length) return;
    const [before, after] = [pick(known, changed), pick(now, changed)];
    known = now;
    const restore = (values) => () => {
      composed.restore(values);
      known = composed.snapshot();
    };
    const label = changed.length > 3 ? `${changed.length} settings` : changed.map((key) => composed.labelOf(key)).join(", ");
    history.add({ label, undo: restore(before), redo: restore(after) });
  };
  return composed.onCommit(step);
}

const pick = (values, keys) => Object.fromEntries(keys.map((key) => [key, values[key]]));
