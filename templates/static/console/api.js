// The studio's HTTP API: bearer token in, envelope out.

export class ApiError extends Error {
  constructor(status, envelope, retryAfter = null) {
    super(envelope.message || `The server answered ${status}.`);
    this.status = status;
    this.code = envelope.code ?? "";
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
  #token;
  #closed = new AbortController();

  constructor(token) {
    this.#token = token;
  }

  /** Forget the token and drop whatever is under way. */
  close() {
    this.#closed.abort();
  }

  get(path) {
    return this.#send(path, { method: "GET" });
  }

  post(path, body = {}, key = clickKey()) {
    return this.#send(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    });
  }

  /** Uploads a form with files; `onProgress` hears the share sent, 0 to 1. */
  upload(path, form, onProgress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", path);
      request.setRequestHeader("Authorization", `Bearer ${this.#token}`);
      request.setRequestHeader("Idempotency-Key", clickKey());
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

  async #send(path, options) {
    const response = await fetch(path, {
      ...options,
      headers: { Accept: "application/json", Authorization: `Bearer ${this.#token}`, ...options.headers },
      // The token is the only credential: a staff cookie of the same site plays no part here.
      credentials: "omit",
      cache: "no-store",
      signal: this.#closed.signal,
    });
    const envelope = parse(await response.text());
    if (response.ok && envelope.success) return envelope.data;
    throw new ApiError(response.status, envelope, Number(response.headers.get("Retry-After")) || null);
  }
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
