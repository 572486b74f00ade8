// The sign-in dialog: the password, and a code where the account has a second factor.

const byId = (id) => document.getElementById(id);

export class SignInDialog {
  #dialog = byId("sign-in");
  #challenge = null;
  #answer = null;
  #decided = null;
  #busy = false;

  constructor() {
    byId("sign-in-form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#busy) this.#submit();
    });
    byId("sign-in-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      byId("password").value = byId("code").value = "";
      this.#decided?.(this.#answer);
      this.#decided = this.#answer = null;
    });
  }

  /** Resolves to what the login answered, tokens and all, or to null when the dialog was left. `reason`: why it is asked. */
  ask(reason = "") {
    this.#expect(null);
    byId("sign-in-reason").textContent = reason;
    if (!this.#dialog.open) this.#dialog.showModal();
    return new Promise((resolve) => (this.#decided = resolve));
  }

  async #submit() {
    this.#busy = true;
    byId("sign-in-error").textContent = "";
    try {
      const answer = this.#challenge
        ? await post("auth/two-factor/login", { challenge: this.#challenge, code: byId("code").value.trim() })
        : await post("login", { email: byId("email").value, password: byId("password").value });
      if (answer.two_factor) this.#expect(answer.challenge);
      else {
        this.#answer = answer;
        this.#dialog.close();
      }
    } catch (error) {
      // The time for the code is over, or the password changed meanwhile.
      if (error.code === "invalid_challenge") this.#expect(null);
      byId("sign-in-error").textContent = error.message;
      if (this.#challenge) byId("code").select();
    } finally {
      this.#busy = false;
    }
  }

  /** Ask for the code that answers the challenge; without one, for address and password. */
  #expect(challenge) {
    this.#challenge = challenge;
    const code = Boolean(challenge);
    byId("sign-in-password").hidden = byId("email").disabled = byId("password").disabled = code;
    byId("sign-in-code").hidden = byId("code").disabled = !code;
    byId("code").value = byId("sign-in-error").textContent = "";
    if (code) byId("code").focus();
  }
}

async function post(path, body) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      // A staff cookie of the same site plays no part here.
      credentials: "omit",
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The studio can't be reached.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok && answer.data) return answer.data;
  const reason = Object.values(answer.data ?? {}).flat().find((found) => typeof found === "string");
  throw Object.assign(new Error(reason ?? answer.message ?? `The studio answered ${response.status}.`), {
    code: answer.code,
  });
}
