// What a frame's record says, in the words of commands.

/** The prompt that a frame was made with, several with their weights. */
export function rowPrompt(row) {
  const prompts = row.prompts ?? [];
  const texts = prompts.map(([text, weight]) => (prompts.length === 1 ? text : `${text} :${Number(weight.toFixed(4))}`));
  return texts.join(" AND ");
}

/** Every value of the record that this job can steer, to be used as it is. */
export function steerableValues(session, row) {
  const values = {};
  for (const name of session.names) {
    const parameter = session.parameters.get(name);
    const value = row[name];
    if (typeof value !== "number" || !parameter.modes.includes("replace")) continue;
    const [low, high] = parameter.ranges?.replace ?? [parameter.low, parameter.high];
    if (value >= low && value <= high) values[name] = { mode: "replace", value };
  }
  return values;
}
