// The token, pasted or had by signing in: kept for this tab alone, shown masked.

import { SignInDialog } from "../account/sign-in.js";
import { byId, setText } from "./dom.js";

const KEY = "deforumation-token";
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export class Connection {
  /** `onToken(token)` is told of a new or remembered token, `onDisconnect()` of the user's leaving. */
  constructor({ onToken, onDisconnect }) {
    this.onToken = onToken;
    byId("connection").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#paste(byId("token").value);
    });
    const dialog = new SignInDialog();
    byId("open-sign-in").addEventListener("click", async () => {
      const token = await dialog.ask();
      if (token) this.onToken(token);
    });
    byId("disconnect").addEventListener("click", () => {
      this.refuse("");
      onDisconnect();
    });
  }

  /** Goes on with the token of this tab, if it has one. */
  resume() {
    const token = sessionStorage.getItem(KEY);
    if (token) this.onToken(token);
  }

  accept(token, account) {
    sessionStorage.setItem(KEY, token);
    byId("token").value = "";
    byId("token-entry").hidden = true;
    byId("token-shown").hidden = false;
    setText(byId("account"), account);
    setText(byId("token-mask"), `${token.slice(0, 4)}…${token.slice(-4)}`);
    setText(byId("token-expiry"), expiry(token));
    this.#complain("");
  }

  /** Back to pasting; the token is forgotten. */
  refuse(reason) {
    sessionStorage.removeItem(KEY);
    byId("token-entry").hidden = false;
    byId("token-shown").hidden = true;
    this.#complain(reason);
    if (reason) byId("token").focus();
  }

  #paste(text) {
    const token = text.trim().replace(/^Bearer\s+/i, "").replace(/^"|"$/g, "");
    if (!token) this.#complain("Paste the token that /api/login answers.");
    else if (!JWT.test(token)) this.#complain("This is no JWT: it has three parts with dots between them.");
    else this.onToken(token);
  }

  #complain(reason) {
    setText(byId("token-error"), reason);
    byId("token").setAttribute("aria-invalid", String(Boolean(reason)));
  }
}

function expiry(token) {
  try {
    const { exp } = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
    return exp ? `until ${new Date(exp * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "";
  } catch {
    return "";
  }
}
