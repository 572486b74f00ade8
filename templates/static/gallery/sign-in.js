// Signing in, for what needs an account. The token is kept for this tab alone.

import { SignInDialog } from "../account/sign-in.js";
import { call, session } from "./api.js";

const button = document.getElementById("session");

export class SignIn {
  #dialog = new SignInDialog();

  constructor() {
    button.addEventListener("click", () => (session.token ? this.#leave() : this.ask()));
    this.#show();
  }

  /** Resolves to whether somebody is signed in now. */
  async ask() {
    const answer = await this.#dialog.ask();
    if (answer) session.start(answer.token);
    this.#show();
    return Boolean(session.token);
  }

  #show() {
    button.textContent = session.token ? "Sign out" : "Sign in";
  }

  async #leave() {
    // The session ends here even if the studio can't be told.
    await call("logout", { method: "POST" }).catch(() => {});
    session.end();
    this.#show();
  }
}
