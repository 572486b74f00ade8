// Who is signed in: by a pasted token, or with a password and maybe a code; shown masked.

import { SignInDialog } from "../account/sign-in.js";
import { claims } from "./credentials.js";
import { byId, setText } from "./dom.js";

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export class Connection {
  #credentials;
  #dialog = new SignInDialog();
  #userId = null;
  /** Whether the user is asked to sign in again, over the page as it is. */
  asking = false;

  /** `onToken()` is told of new or remembered tokens, `onDisconnect()` of the user's leaving, `onAsking()` of asking's
   * changes, `onLeft(reason)` of one who was asked to sign in again and did not. */
  constructor({ credentials, onToken, onDisconnect, onAsking, onLeft }) {
    this.#credentials = credentials;
    Object.assign(this, { onToken, onAsking, onLeft });
    credentials.onEnded = (reason) => this.#again(reason);
    byId("connection").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#paste(byId("token").value);
    });
    byId("open-sign-in").addEventListener("click", async () => {
      const answer = await this.#dialog.ask();
      if (answer) this.#start(answer);
    });
    const leave = () => {
      this.refuse("");
      onDisconnect();
    };
    byId("disconnect").addEventListener("click", leave);
    byId("stop-acting").addEventListener("click", async () => {
      const headers = { Accept: "application/json", Authorization: `Bearer ${credentials.access}` };
      // It ends by itself in some minutes even if the studio can't be told.
      await fetch("/api/logout", { method: "POST", headers, credentials: "omit" }).catch(() => {});
      leave();
    });
    const choices = document.querySelectorAll("[data-stay]");
    const follow = (event) => choices.forEach((choice) => (choice.checked = event.target.checked));
    choices.forEach((choice) => choice.addEventListener("change", follow));
  }

  /** Goes on with the tokens of this tab, if it has any. */
  resume() {
    if (this.#credentials.restore()) this.onToken();
  }

  accept(account) {
    const { access } = this.#credentials;
    this.#userId = account.id;
    byId("token").value = "";
    byId("token-entry").hidden = true;
    byId("token-shown").hidden = false;
    setText(byId("account"), account.name || account.email);
    setText(byId("token-mask"), `${access.slice(0, 4)}…${access.slice(-4)}`);
    setText(byId("token-expiry"), this.#credentials.lasting ? "" : expiry(access));
    const acting = Boolean(claims(access).act);
    byId("acting").hidden = !acting;
    if (acting) setText(byId("acting-as"), `You act as ${account.email} ${expiry(access)}: without money and credentials.`);
    this.#complain("");
  }

  /** Back to signing in; the tokens are forgotten. */
  refuse(reason) {
    this.#credentials.clear();
    this.#userId = null;
    byId("token-entry").hidden = false;
    byId("token-shown").hidden = byId("acting").hidden = true;
    this.#complain(reason);
    if (reason) byId("token").focus();
  }

  #start(answer) {
    this.#credentials.set({ ...answer, stay: document.querySelector("[data-stay]").checked });
    this.onToken();
  }

  /** The session has ended while in use. Answers whether its user is back: what was under way goes on, nothing typed is lost. */
  async #again(reason) {
    if (this.#userId === null) return false;
    this.asking = true;
    this.#complain(reason);
    this.onAsking();
    const answer = await this.#dialog.ask(`${reason} Sign in to go on where you are.`);
    this.asking = false;
    this.onAsking();
    if (!answer) {
      // Whoever asked may be one that nobody hears of, such as the feed.
      this.onLeft(reason);
      return false;
    }
    if (answer.user.id !== this.#userId) {
      this.#start(answer);
      throw new DOMException("Somebody else has signed in.", "AbortError");
    }
    this.#credentials.set({ ...answer, stay: document.querySelector("[data-stay]").checked });
    this.accept(answer.user);
    return true;
  }

  #paste(text) {
    const token = text.trim().replace(/^Bearer\s+/i, "").replace(/^"|"$/g, "");
    if (!token) this.#complain("Paste the token that /api/login answers.");
    else if (!JWT.test(token)) this.#complain("This is no JWT: it has three parts with dots between them.");
    else this.#start({ token });
  }

  #complain(reason) {
    setText(byId("token-error"), reason);
    byId("token").setAttribute("aria-invalid", String(Boolean(reason)));
  }
}

function expiry(token) {
  const { exp } = claims(token);
  return exp ? `until ${new Date(exp * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "";
}
