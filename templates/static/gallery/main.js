// The gallery's page: filters in the address, a grid that grows by cursor, and a dialog for one video.

import { call } from "./api.js";
import { makeCard } from "./cards.js";
import { Detail } from "./detail.js";
import { SignIn } from "./sign-in.js";

const PER_PAGE = 24;
const TYPING_MS = 250;
const byId = (id) => document.getElementById(id);
const filters = ["search", "effect", "order"].map(byId);

let cursor = null;
let loading = null;

let openId = null;

const signIn = new SignIn();
const detail = new Detail({
  signIn: () => signIn.ask(),
  onClose: () => {
    openId = null;
    writeAddress();
  },
  onTag: (word) => {
    byId("search").value = word;
    restart();
  },
});

function writeAddress(push = false) {
  const query = new URLSearchParams();
  for (const field of filters) {
    if (field.value && field.value !== field.querySelector?.("option")?.value) query.set(field.name, field.value);
  }
  if (openId) query.set("video", openId);
  const address = query.size ? `?${query}` : location.pathname;
  history[push ? "pushState" : "replaceState"](null, "", address);
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  for (const field of filters) {
    field.value = query.get(field.name) ?? "";
    if (field.selectedIndex === -1) field.selectedIndex = 0;
  }
  const wanted = query.get("video");
  if (/^\d+$/.test(wanted ?? "")) open(wanted, false);
  else if (openId) detail.close();
}

function restart() {
  writeAddress();
  cursor = null;
  load(true);
}

async function load(afresh = false) {
  if (loading && !afresh) return;
  loading?.abort();
  const mine = (loading = new AbortController());
  const query = new URLSearchParams({ perPage: PER_PAGE, order: byId("order").value });
  if (byId("search").value.trim()) query.set("search", byId("search").value.trim());
  if (byId("effect").value) query.set("effect:=", byId("effect").value);
  if (cursor && !afresh) query.set("cursor", cursor);
  byId("items").setAttribute("aria-busy", "true");
  try {
    const page = await call(`gallery?${query}`, { signal: mine.signal });
    const cards = page.items.map((item) => makeCard(item, open));
    if (afresh) byId("items").replaceChildren(...cards);
    else byId("items").append(...cards);
    cursor = page.nextCursor;
    byId("summary").textContent = `${page.totalItems.toLocaleString()} ${page.totalItems === 1 ? "video" : "videos"}`;
    tell(page.totalItems ? "" : "Nothing matches. Try other words, or all effects.");
  } catch (error) {
    if (error.name === "AbortError") return;
    fail(error);
  }
  byId("items").setAttribute("aria-busy", "false");
  byId("more").hidden = !cursor;
  loading = null;
  // A tall window may show the end of the first page already; the observer only tells of changes.
  if (cursor && byId("more").getBoundingClientRect().top < innerHeight) load();
}

async function open(id, push = true) {
  try {
    await detail.open(id);
    openId = String(id);
    if (push) writeAddress(true);
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  tell(error.message);
}

function tell(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

async function offerEffects() {
  const { items } = await call("effects?perPage=200&order=name:asc");
  byId("effect").append(...items.map((effect) => new Option(effect.name, effect.slug)));
}

for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
for (const dialog of document.querySelectorAll("dialog")) {
  // The dialog's own box is all content, so a click on the element itself is one beside it.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
let typing = null;
byId("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(restart, TYPING_MS);
});
byId("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  restart();
});
byId("effect").addEventListener("change", restart);
byId("order").addEventListener("change", restart);
byId("more").addEventListener("click", () => load());
addEventListener("popstate", () => {
  readAddress();
  load(true);
});
new IntersectionObserver(([entry]) => entry.isIntersecting && cursor && load(), { rootMargin: "600px" }).observe(
  byId("more").parentElement,
);

await offerEffects().catch(fail);
readAddress();
load(true);
