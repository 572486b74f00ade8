// Building and updating nodes. Text only ever arrives as text nodes, so nothing from the server becomes markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** Sets the text if it differs, so that screen readers and selections are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A signed link: nothing in a bucket has a name with colons.
const OWN_FILE = /^\/(files\/[^/]+:[^/]+\/|frames\/[^/]+:)/;

/** A web address as an attribute may take it, or null: no other scheme than http(s) ever becomes a link. */
export function webAddress(url) {
  if (!url) return null;
  const address = new URL(url, location.href);
  // Our own files by their path: behind a proxy the link may name another host, or scheme, than this page was opened by.
  if (OWN_FILE.test(address.pathname)) return address.pathname + address.search;
  return ["http:", "https:"].includes(address.protocol) ? address.href : null;
}

/**
 * Makes the children of `container` follow `rows`, one node per key. Nodes stay the same from one call to the next: a
 * button keeps its focus while its row is refreshed every second.
 */
export function keepList(container, rows, { key, create, update }) {
  const kept = new Map(Array.from(container.children, (node) => [node.dataset.key, node]));
  rows.forEach((row, place) => {
    const name = String(key(row));
    let node = kept.get(name);
    kept.delete(name);
    if (!node) {
      node = create(row);
      node.dataset.key = name;
    }
    update(node, row);
    if (container.children[place] !== node) container.insertBefore(node, container.children[place] ?? null);
  });
  kept.forEach((node) => node.remove());
}
