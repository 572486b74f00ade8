// The dialog of one video: watch, like, report, take over its settings.

import { call, here, session } from "./api.js";
import { titleOf } from "./cards.js";

const byId = (id) => document.getElementById(id);

export class Detail {
  #item = null;
  #dialog = byId("detail");
  #onTag;
  #signIn;

  /** `onClose()`, `onTag(word)`; `signIn()` resolves to whether somebody is signed in. */
  constructor({ onClose, onTag, signIn }) {
    this.#onTag = onTag;
    this.#signIn = signIn;
    this.#dialog.addEventListener("close", () => {
      byId("detail-video").pause();
      byId("detail-video").removeAttribute("src");
      onClose();
    });
    byId("like").addEventListener("click", () => {
      // What was meant before somebody signed in counts, also if they like it already.
      const method = this.#item.liked ? "DELETE" : "POST";
      this.#signedIn(() => this.#like(method));
    });
    byId("remix").addEventListener("click", () => this.#signedIn(() => this.#remix()));
    byId("share").addEventListener("click", () => this.#try(() => this.#share()));
    byId("report").addEventListener("click", () => this.#toggleReport(byId("report-form").hidden));
    byId("report-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#signedIn(() => this.#report());
    });
  }

  /** Shows the video; throws ApiError when there is none. */
  async open(id) {
    const item = await call(`gallery/${id}`);
    this.#item = item;
    byId("detail-title").textContent = titleOf(item);
    byId("detail-by").textContent = this.#byline();
    byId("detail-tags").replaceChildren(...item.tags.map((tag) => this.#tag(tag)));
    const video = byId("detail-video");
    video.src = here(item.processed_file_url);
    if (item.poster_url) video.poster = here(item.poster_url);
    else video.removeAttribute("poster");
    byId("settings").hidden = true;
    this.#toggleReport(false);
    this.#say("");
    this.#showLikes();
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  #byline() {
    const { author, effect, published_at: date, views } = this.#item;
    const day = new Date(date).toLocaleDateString(undefined, { dateStyle: "medium" });
    return [`by ${author}`, effect?.name, day, `${views.toLocaleString()} views`].filter(Boolean).join(" · ");
  }

  #tag(word) {
    const entry = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word;
    button.addEventListener("click", () => {
      this.close();
      this.#onTag(word);
    });
    entry.append(button);
    return entry;
  }

  #showLikes() {
    const { liked, likes } = this.#item;
    byId("like").setAttribute("aria-pressed", String(liked));
    byId("like").textContent = `${liked ? "♥ Liked" : "♡ Like"} · ${likes.toLocaleString()}`;
  }

  async #like(method) {
    Object.assign(this.#item, await call(`gallery/${this.#item.id}/like`, { method }));
    this.#showLikes();
  }

  async #remix() {
    const settings = await call(`gallery/${this.#item.id}/remix`, { method: "POST" });
    byId("settings").textContent = JSON.stringify(settings, null, 2);
    byId("settings").hidden = false;
    this.#say("These are the settings to start from.");
  }

  async #report() {
    const body = { reason: byId("reason").value, details: byId("details").value };
    await call(`gallery/${this.#item.id}/report`, { method: "POST", body });
    byId("details").value = "";
    this.#toggleReport(false);
    this.#say("Thank you. Moderators will look at it.");
  }

  async #share() {
    const link = new URL(`?video=${this.#item.id}`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.#say("The link is in your clipboard.");
    } catch {
      // Without permission for the clipboard the link can still be read.
      this.#say(link);
    }
  }

  #toggleReport(shown) {
    byId("report-form").hidden = !shown;
    byId("report").setAttribute("aria-expanded", String(shown));
  }

  async #signedIn(action) {
    if (session.token || (await this.#signIn())) await this.#try(action);
  }

  async #try(action) {
    try {
      await action();
    } catch (error) {
      this.#say(error.status === 401 ? "Your session has ended; sign in again." : error.message);
    }
  }

  #say(text) {
    byId("detail-note").textContent = text;
  }
}
