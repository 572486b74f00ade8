// What this browser remembers of how somebody likes the console: layouts, keys, marks. Nothing secret, and nothing of a render's.

export function recall(key) {
  try {
    const value = JSON.parse(localStorage.getItem(key));
    return value && typeof value === "object" ? value : null;
  } catch {
    // Storage may be forbidden, or hold what an earlier version wrote.
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Then it is as it always is at the next visit.
  }
}
