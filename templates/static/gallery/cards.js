// The grid's cards: a picture each, which moves while it is pointed at.

import { here } from "./api.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const template = document.getElementById("card");

/** `onOpen(id)` is told when a card is chosen. */
export function makeCard(item, onOpen) {
  const card = template.content.firstElementChild.cloneNode(true);
  const link = card.querySelector("a");
  link.href = `?video=${item.id}`;
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    onOpen(item.id);
  });
  const picture = card.querySelector("img");
  if (item.thumbnail_url) picture.src = here(item.thumbnail_url);
  else picture.remove();
  card.querySelector("strong").textContent = titleOf(item);
  card.querySelector(".by").textContent = [item.author, item.effect?.name].filter(Boolean).join(" · ");
  card.querySelector(".badge").textContent = item.likes ? `♥ ${item.likes.toLocaleString()}` : "";
  playWhilePointedAt(link, card.querySelector(".frame"), here(item.processed_file_url));
  return card;
}

export const titleOf = (item) => item.title || "Untitled";

function playWhilePointedAt(link, frame, url) {
  let video = null;
  const play = () => {
    if (still.matches || video) return;
    video = document.createElement("video");
    Object.assign(video, { src: url, muted: true, loop: true, playsInline: true, tabIndex: -1 });
    video.setAttribute("aria-hidden", "true");
    frame.querySelector(".badge").before(video);
    // Pointing away before it has begun is no error.
    video.play().catch(() => {});
  };
  const stop = () => {
    video?.remove();
    video = null;
  };
  link.addEventListener("pointerenter", play);
  link.addEventListener("focus", play);
  link.addEventListener("pointerleave", stop);
  link.addEventListener("blur", stop);
}
