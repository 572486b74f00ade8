// The numbers of schedules, as the studio's renderer computes them: nothing is evaluated in the page.

import { isNumber } from "../sparkline.js";

/**
 * What every schedule comes to: {values: name -> numbers, errors: name -> reason}. One that can't be computed is told with its
 * frame and does not keep the others from being drawn.
 */
export async function schedules(api, texts, { frames, seed = 0 }) {
  const errors = new Map();
  let asked = new Map(texts);
  while (asked.size) {
    try {
      // A bare number stands for a constant, as where the form is sent.
      const said = Array.from(asked, ([name, text]) => [name, isNumber(text) ? Number(text) : text]);
      const values = await api.post("/api/v1/schedules", { schedules: Object.fromEntries(said), frames, seed });
      return { values: new Map(Object.entries(values)), errors };
    } catch (error) {
      const wrong = Object.entries(error.fields ?? {}).map(([field, reasons]) => [field.replace(/^schedules\./, ""), reasons[0]]);
      const named = wrong.filter(([name]) => asked.has(name));
      if (!named.length) throw error;
      named.forEach(([name, reason]) => errors.set(name, reason));
      asked = new Map([...asked].filter(([name]) => !errors.has(name)));
    }
  }
  return { values: new Map(), errors };
}
