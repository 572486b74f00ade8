// The studio's HTTP API: bearer token in, envelope out.

// A connection that nobody has cut, and that says nothing any more.
const TIMEOUT_MS = 60_000;

export class ApiError extends Error {
  constructor(status, envelope, retryAfter = null) {
    super(envelope.message || `The server answered ${status}.`);
    this.status = status;
    this.code = envelope.code ?? "";
    this.data = envelope.data ?? null;
    // {field: [reasons]} of a 422; figures of a broken rule are no lists and stay out.
    this.fields = Object.fromEntries(Object.entries(envelope.data ?? {}).filter(([, reasons]) => Array.isArray(reasons)));
    this.retryAfter = retryAfter;
  }
}

/** One per click: however often the request is sent, it spends once. (randomUUID exists on https and localhost only.) */
export function clickKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Api {
  #credentials;
  #closed = new AbortController();

  /** `credentials` has the token (`access`), and gets another one for one that is refused (`renew`). */
  constructor(credentials) {
    this.#credentials = credentials;
  }

  /** Drop whatever is under way. */
  close() {
    this.#closed.abort();
  }

  get(path) {
    return this.#send(path, { method: "GET" });
  }

  post(path, body = {}, { key = clickKey(), timeout } = {}) {
    return this.#send(path, {
      timeout,
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    });
  }

  /** A Response as it comes, for what is read as it arrives. */
  open(path, headers, signal) {
    return this.#fetch(path, { headers, signal: AbortSignal.any([signal, this.#closed.signal]) });
  }

  /** Uploads a form with files; `onProgress` hears the share sent, 0 to 1. */
  async upload(path, form, onProgress) {
    const key = clickKey();
    const { access } = this.#credentials;
    try {
      return await this.#upload(path, form, onProgress, access, key);
    } catch (error) {
      const another = error.status === 401 && (await this.#credentials.renew(access, error.message));
      if (!another) throw error;
      return this.#upload(path, form, onProgress, another, key);
    }
  }

  #upload(path, form, onProgress, token, key) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", path);
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.setRequestHeader("Idempotency-Key", key);
      request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onerror = () => reject(new TypeError("The upload was interrupted."));
      request.onload = () => {
        const envelope = parse(request.responseText);
        if (request.status < 300 && envelope.success) resolve(envelope.data);
        else reject(new ApiError(request.status, envelope));
      };
      this.#closed.signal.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }

  async #send(path, { timeout = TIMEOUT_MS, ...options }) {
    const response = await this.#fetch(path, {
      ...options,
      headers: { Accept: "application/json", ...options.headers },
      signal: AbortSignal.any([AbortSignal.timeout(timeout), this.#closed.signal]),
    });
    const envelope = parse(await response.text());
    if (response.ok && envelope.success) return envelope.data;
    throw new ApiError(response.status, envelope, Number(response.headers.get("Retry-After")) || null);
  }

  /** With the token; once more with another one where it has ended meanwhile. */
  async #fetch(path, options) {
    const { access } = this.#credentials;
    const response = await send(path, options, access);
    if (response.status !== 401) return response;
    const { message } = parse(await response.clone().text());
    const another = await this.#credentials.renew(access, message);
    return another ? send(path, options, another) : response;
  }
}

function send(path, options, token) {
  return fetch(path, {
    ...options,
    headers: { ...options.headers, Authorization: `Bearer ${token}` },
    // The token is the only credential: a staff cookie of the same site plays no part here.
    credentials: "omit",
    cache: "no-store",
  });
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
