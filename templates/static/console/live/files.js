// Files that the page makes and reads by itself.

import { element } from "../dom.js";

const LARGEST = 5 * 2 ** 20;

export function saveJson(name, content) {
  saveBlob(name, new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }));
}

export function saveBlob(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** An object of JSON; throws in words for the user. */
export async function readJson(file) {
  if (file.size > LARGEST) throw new Error("The file is larger than 5 MiB.");
  let content;
  try {
    content = JSON.parse(await file.text());
  } catch (error) {
    throw new Error(`The file is no valid JSON (${error.message}).`);
  }
  if (content?.constructor !== Object) throw new Error("The file holds no JSON object.");
  return content;
}
