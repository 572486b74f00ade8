// Who steers: one page holds a job's control, the others look on.

const RENEW_MS = 10_000;

export class Control {
  #session;
  #timer = null;
  #key;
  #ends = 0;
  /** The secret of this page's hold, null while it has none. */
  token = null;
  /** Why control was lost or could not be taken. */
  reason = "";
  /** Whether another page has it and shows that it is there: its owner may take it all the same. */
  held = false;

  constructor(session) {
    this.#session = session;
    this.#key = `control-${session.jobId}`;
    addEventListener("pagehide", this.#keep);
  }

  get mine() {
    return this.token !== null;
  }

  /** {held, name, expires_at} of another page that steers, or, not held, of whom it is offered to; null where nobody does. */
  get other() {
    const controller = this.#session.state?.controller;
    return controller?.name && !this.mine ? controller : null;
  }

  /** Takes control: goes on with what this tab held before it was loaded anew, else asks for it. Answers whether it has it. */
  async take({ force = false } = {}) {
    const kept = sessionStorage.getItem(this.#key);
    sessionStorage.removeItem(this.#key);
    this.reason = "";
    if (kept && (await this.#ask({ action: "renew", token: kept }).catch(() => null))) return true;
    try {
      await this.#ask({ action: "take", ...(force && { force }) });
      return true;
    } catch (error) {
      this.reason = error.message;
      this.held = error.code === "control_held";
      return false;
    } finally {
      this.#session.changed();
    }
  }

  async release() {
    const { token } = this;
    this.#drop("");
    if (token) await this.#session.api.post(`${this.#session.path}/control`, { action: "release", token });
  }

  /** Hands control to another user, or, without one, to whoever takes it first. */
  async handOver(to) {
    const { token } = this;
    await this.#session.api.post(`${this.#session.path}/control`, { action: "hand_over", token, ...(to && { to }) });
    this.#drop("You handed control over.");
  }

  /** The studio no longer takes this page's commands. */
  lost(reason = "Another page has taken control.") {
    if (this.mine) this.#drop(reason);
  }

  /** What the studio tells of the job's controller; null: nobody. */
  heard(controller) {
    this.held &&= Boolean(controller?.held);
    // Our own hold is told, too; whoever takes it from us holds it for longer.
    if (this.mine && controller?.held && (controller.mine === false || Date.parse(controller.expires_at) > this.#ends)) this.lost();
  }

  close() {
    removeEventListener("pagehide", this.#keep);
    if (this.mine && !this.#session.finished) this.release().catch(() => {});
    this.#drop("");
  }

  async #ask(body) {
    const answer = await this.#session.api.post(`${this.#session.path}/control`, body);
    this.token = answer.token ?? body.token;
    this.#ends = Date.parse(answer.expires_at);
    this.held = false;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#renew(), RENEW_MS);
    this.#session.changed();
    return answer;
  }

  async #renew() {
    if (!this.mine || this.#session.finished) return;
    try {
      const answer = await this.#session.api.post(`${this.#session.path}/control`, { action: "renew", token: this.token });
      this.#ends = Date.parse(answer.expires_at);
    } catch (error) {
      // Anything else is a connection that comes back, maybe before the hold ends.
      if (![403, 404, 409].includes(error.status)) return;
      // A machine that slept has lost it to nobody.
      this.#drop("");
      if (!(await this.take())) this.reason ||= "Another page has taken control.";
    }
  }

  #drop(reason) {
    this.token = null;
    this.reason = reason;
    clearInterval(this.#timer);
    this.#session.changed();
    this.#session.tell("held", {});
  }

  /** For this tab alone, and only from here to its next load: a tab that is duplicated meanwhile gets no copy. */
  #keep = () => {
    if (this.mine) sessionStorage.setItem(this.#key, this.token);
  };
}
