// The tokens of who is signed in: in memory, and in this tab's sessionStorage where the user stays signed in. Never in an
// address, a log or localStorage.

const ACCESS = "deforumation-token";
const REFRESH = "deforumation-refresh";
const EARLY_MS = 60_000;
const RETRY_MS = 15_000;
const SHORTEST_MS = 1_000;
const LONGEST_TIMER_MS = 2_000_000_000;

export class Credentials {
  #access = null;
  #refresh = null;
  #stay = true;
  #timer = null;
  #renewing = null;
  #channel = new BroadcastChannel("deforumation-refresh");
  /** Asks the user to sign in over the page as it is; resolves to whether tokens came of it. */
  onEnded = async () => false;

  constructor() {
    // A tab that was duplicated has the same refresh token, and each can be used once: who uses it tells the others.
    this.#channel.addEventListener("message", ({ data }) => {
      if (this.#refresh && data.used === this.#refresh) this.#take(data);
    });
  }

  get access() {
    return this.#access;
  }

  /** Whether the access token is replaced before it ends; a pasted one is not. */
  get lasting() {
    return this.#refresh !== null;
  }

  /** The tokens this tab has kept; answers whether there are any. */
  restore() {
    const access = sessionStorage.getItem(ACCESS);
    if (access) this.set({ token: access, refresh_token: sessionStorage.getItem(REFRESH), stay: true });
    return Boolean(access);
  }

  /** What a login answers, and whether this tab keeps it. */
  set({ stay, ...answer }) {
    this.#stay = stay;
    this.#take(answer);
  }

  clear() {
    this.#access = this.#refresh = null;
    clearTimeout(this.#timer);
    keep(ACCESS, null);
    keep(REFRESH, null);
  }

  /**
   * Another token than `stale`, which the studio has refused with `reason`: one that came meanwhile, a refreshed one, or that
   * of signing in again; null without.
   */
  async renew(stale, reason) {
    if (this.#access !== stale) return this.#access;
    this.#renewing ??= this.#another(reason).finally(() => (this.#renewing = null));
    return (await this.#renewing) ? this.#access : null;
  }

  async #another(reason) {
    const refreshed = await this.#refreshed();
    if (refreshed === "lost") throw new TypeError("The studio can't be asked for another token.");
    return refreshed === "done" || this.onEnded(reason);
  }

  /** "done", "refused", or "lost" where the studio can't be asked. */
  async #refreshed() {
    if (!this.#refresh) return "refused";
    const used = this.#refresh;
    let response;
    try {
      response = await fetch("/api/auth/refresh", {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json" },
        credentials: "omit",
        cache: "no-store",
        body: JSON.stringify({ refresh_token: used }),
      });
    } catch {
      return "lost";
    }
    const { data } = await response.json().catch(() => ({}));
    if (this.#refresh !== used) return "done";
    if (!response.ok || !data?.token) return response.status < 500 && response.status !== 429 ? "refused" : "lost";
    this.#take(data);
    this.#channel.postMessage({ used, ...data });
    return "done";
  }

  #take({ token, refresh_token = null, expires_in = null }) {
    this.#access = token;
    this.#refresh = refresh_token;
    keep(ACCESS, this.#stay ? token : null);
    keep(REFRESH, this.#stay ? refresh_token : null);
    // The studio counts from now; a token that was kept is read against this machine's clock, which may be wrong.
    const left = 1000 * (expires_in ?? claims(token).exp - Date.now() / 1000);
    if (refresh_token && Number.isFinite(left)) this.#refreshIn(Math.max(left - EARLY_MS, left / 2));
  }

  /** Nobody notices. */
  #refreshIn(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      async () => {
        if ((await this.#refreshed()) === "lost") this.#refreshIn(RETRY_MS);
      },
      Math.min(Math.max(milliseconds, SHORTEST_MS), LONGEST_TIMER_MS),
    );
  }
}

function keep(name, value) {
  if (value) sessionStorage.setItem(name, value);
  else sessionStorage.removeItem(name);
}

/** What a JWT says of itself; {} where it can't be read. */
export function claims(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {};
  }
}
