// Total recall: a range of recorded frames once more, with new prompts, new motion or new values.

import { element } from "../dom.js";
import { marksOf } from "./marks.js";
import { button, explain, field, group, note, number, select } from "./parts.js";

const PARTS = [
  ["movements", "Movements", ""],
  ["prompts", "Prompts", ""],
  ["others", "Everything else", ""],
];
const CHOICES = [
  ["replay", "as recorded"],
  ["live", "live, as steered now"],
];

/** Builds the panel in `host`; answers what takes it down again. */
export function mount(host, session) {
  const said = note();
  const marks = marksOf(session.jobId);
  const start = number(marks.from ?? 0, { low: 0, step: 1 });
  const end = number(marks.to ?? last(), { low: 0, step: 1 });
  const parts = Object.fromEntries(PARTS.map(([key]) => [key, select(CHOICES, "replay")]));
  const act = button("Replay these frames", replay, { className: "primary" });
  const fields = { start, end, ...parts };
  host.append(
    group("line", "Frames to replay", field("From frame", start), field("To frame", end), button("In and out of the reel", fill)),
    group("line", "What is replayed", ...PARTS.map(([key, label, hint]) => field(label, parts[key], hint))),
    element("p", { className: "hint", textContent: "To movements that are replayed, yours are added." }),
    act,
    said.node,
  );

  function fill({ from, to } = marksOf(session.jobId)) {
    start.value = from ?? 0;
    end.value = to ?? last();
  }

  function last() {
    return Math.max(0, (session.state?.frames_done ?? 1) - 1);
  }

  function wrong(fieldName, text) {
    said.say(text, { wrong: true });
    fields[fieldName]?.setAttribute("aria-invalid", "true");
    fields[fieldName]?.focus();
  }

  async function replay() {
    Object.values(fields).forEach((input) => input.removeAttribute("aria-invalid"));
    const [from, to] = [start, end].map((input) => (input.value === "" ? NaN : Number(input.value)));
    if (!Number.isInteger(from) || from < 0) return wrong("start", "From which frame? A whole number from 0 on.");
    if (!Number.isInteger(to) || to < from) return wrong("end", "To which frame? A whole number not before the first one.");
    if (Object.values(parts).every((input) => input.value === "live")) return wrong("movements", "Something has to be as recorded.");
    const body = { start: from, end: to, ...Object.fromEntries(PARTS.map(([key]) => [key, parts[key].value])) };
    try {
      const row = await session.send("replay", body);
      said.say(`Replaying frames ${from} to ${to} …`);
      const settled = await session.settled(row.number);
      if (settled.state === "refused") said.say(String(settled.refused), { wrong: true });
      else said.say(`Frames ${from} to ${to} are replayed from frame ${settled.applied_at_frame} on.`);
    } catch (error) {
      const [named] = Object.keys(error.fields ?? {});
      if (error.name !== "AbortError") wrong(named, explain(error));
    }
    return undefined;
  }

  const allow = () => (act.disabled = !session.canSteer || !(session.state?.frames_done > 0));
  const offs = [session.on("change", allow), session.on("marks", (found) => fill(found))];
  allow();
  const close = () => offs.forEach((off) => off());
  session.on("closed", close);
  return close;
}
