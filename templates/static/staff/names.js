// Names for controls of packages that have none: what a screen reader says of them.

function name(shown) {
  const select = shown.closest(".select2")?.previousElementSibling;
  const words = select?.labels?.[0]?.textContent.trim() || select?.name;
  for (const part of words ? [shown, ...shown.querySelectorAll("[role=textbox]")] : []) part.setAttribute("aria-label", words);
}

function nameAll() {
  document.querySelectorAll(".select2-selection:not([aria-label])").forEach(name);
  const all = document.getElementById("action-toggle");
  if (all && !all.labels?.length && !all.hasAttribute("aria-label")) all.setAttribute("aria-label", "Select all");
}

addEventListener("DOMContentLoaded", () => {
  nameAll();
  // They come after the page, and with each row that is added to it.
  new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
});
