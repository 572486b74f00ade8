// Keeps what moves on a staff page up to date: fetches the page again and swaps the parts that are marked with data-live.
// Only while one of them is active and somebody looks.

const INTERVAL_MS = 2_000;

function parts(root) {
  return new Map(Array.from(root.querySelectorAll("[data-live]"), (node) => [node.dataset.live, node]));
}

async function refresh() {
  const shown = parts(document);
  const active = [...shown.values()].some((node) => "active" in node.dataset);
  if (active && !document.hidden) {
    try {
      const response = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const [name, fresh] of parts(page)) {
        const old = shown.get(name);
        if (old && old.outerHTML !== fresh.outerHTML) old.replaceWith(document.adoptNode(fresh));
      }
    } catch {
      // The site is away: the next turn asks again.
    }
  }
  setTimeout(refresh, INTERVAL_MS);
}

setTimeout(refresh, INTERVAL_MS);
