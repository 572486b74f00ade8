// The gallery's HTTP API, and whom it is asked as.

const KEY = "deforumation-token";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const session = {
  get token() {
    return sessionStorage.getItem(KEY);
  },
  start(token) {
    sessionStorage.setItem(KEY, token);
  },
  end() {
    sessionStorage.removeItem(KEY);
  },
};

/** The `data` of the answer. Throws ApiError with a sentence for people; a session that has ended is forgotten. */
export async function call(path, { method = "GET", body, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (session.token) headers.Authorization = `Bearer ${session.token}`;
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method, headers, signal, credentials: "omit", body: body && JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The studio can't be reached.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer.data;
  if (response.status === 401 && session.token) {
    session.end();
    // Public pages are for everyone: what is only a stale token is asked again without it.
    if (method === "GET") return call(path, { signal });
  }
  const reasons = Object.values(answer.data ?? {}).flat();
  throw new ApiError(response.status, reasons[0] ?? answer.message ?? `The studio answered ${response.status}.`);
}

/** Our own files by their path: a link names the public address, and the page may have been opened by another. */
export function here(url) {
  const address = new URL(url, location.href);
  return address.pathname.startsWith("/gallery/media/") ? address.pathname + address.search : url;
}
