// Signing in, for what needs an account. The token is kept for this tab alone.

import { call, session } from "./api.js";

const byId = (id) => document.getElementById(id);

export class SignIn {
  #dialog = byId("sign-in");
  #decided = null;

  constructor() {
    byId("session").addEventListener("click", () => (session.token ? this.#leave() : this.ask()));
    byId("sign-in-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#dialog.addEventListener("close", () => {
      byId("password").value = "";
      this.#decided?.(Boolean(session.token));
    });
    this.#show();
  }

  /** Resolves to whether somebody is signed in now. */
  ask() {
    byId("sign-in-error").textContent = "";
    this.#dialog.showModal();
    return new Promise((resolve) => (this.#decided = resolve));
  }

  #show() {
    byId("session").textContent = session.token ? "Sign out" : "Sign in";
  }

  async #submit() {
    const body = { email: byId("email").value, password: byId("password").value };
    try {
      const answer = await call("login", { method: "POST", body });
      session.start(answer.token);
      this.#show();
      this.#dialog.close();
    } catch (error) {
      byId("sign-in-error").textContent = error.message;
    }
  }

  async #leave() {
    // The session ends here even if the studio can't be told.
    await call("logout", { method: "POST" }).catch(() => {});
    session.end();
    this.#show();
  }
}
