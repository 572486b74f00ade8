// Names for controls of packages that have none: what a screen reader says of them.

addEventListener("load", () => {
  for (const shown of document.querySelectorAll(".select2-selection")) {
    const select = shown.closest(".select2")?.previousElementSibling;
    const name = select?.labels?.[0]?.textContent.trim() || select?.name;
    for (const part of name ? [shown, ...shown.querySelectorAll("[role=textbox]")] : []) part.setAttribute("aria-label", name);
  }
  const all = document.getElementById("action-toggle");
  if (all && !all.labels?.length && !all.hasAttribute("aria-label")) all.setAttribute("aria-label", "Select all");
});
