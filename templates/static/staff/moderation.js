// A key for each act of the queue of reports. Keys choose; only Ctrl+Enter, or the button, decides.

const form = document.querySelector(".moderation-form");
const video = document.querySelector(".moderation video");
const help = document.querySelector(".moderation-keys");
const reason = form?.querySelector("textarea");

const isTyping = (target) => target.matches("input:not([type=radio]), textarea, select, [contenteditable]");

function choose(radio) {
  radio.checked = true;
  reason.focus();
}

const acts = {
  "?": () => (help.open ? help.close() : help.showModal()),
  p: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
  r: () => reason?.focus(),
  j: () => document.querySelector(".moderation-links [rel=next]")?.click(),
  k: () => document.querySelector(".moderation-links [rel=prev]")?.click(),
};
for (const radio of form?.querySelectorAll("[data-key]") ?? []) acts[radio.dataset.key] = () => choose(radio);

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (form && !help.open) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (!help || !Object.hasOwn(acts, event.key) || (help.open && event.key !== "?")) return;
  event.preventDefault();
  acts[event.key]();
});

document.querySelector("[data-help]")?.addEventListener("click", acts["?"]);
// One decision for one press, however often the button is hit.
form?.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => delete form?.dataset.sent);
