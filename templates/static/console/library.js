// All my videos, newest first.

import { byId, element, keepList, setText, webAddress } from "./dom.js";
import { statusText } from "./format.js";

const PAGE = 12;

export class Library {
  #api;
  #shown = PAGE;
  #currentId = null;
  rows = [];

  constructor({ onOpen, onReuse, onExtend }) {
    Object.assign(this, { onOpen, onReuse, onExtend });
    byId("library-more").addEventListener("click", () => {
      this.#shown += PAGE;
      this.refresh(this.#currentId);
    });
  }

  connect(api) {
    this.#api = api;
    this.#shown = PAGE;
  }

  async refresh(currentId) {
    this.#currentId = currentId;
    const page = await this.#api.get(`/api/queue?perPage=${Math.min(this.#shown, 200)}`);
    this.rows = page.items;
    byId("library-empty").hidden = this.rows.length > 0;
    byId("library-more").hidden = page.totalItems <= this.rows.length || this.rows.length >= 200;
    keepList(byId("library-rows"), this.rows, {
      // Another state means another thumbnail and other buttons: a new card.
      key: (row) => `${row.id}/${row.job_id}/${row.status}`,
      create: (row) => this.#create(row),
      update: (node, row) => node.classList.toggle("current", row.id === currentId),
    });
  }

  /** Active videos change faster than the list is fetched. */
  follow(rows) {
    for (const row of rows) {
      const badge = byId("library-rows").querySelector(`[data-video="${row.id}"] .badge`);
      if (badge) showStatus(badge, row);
    }
  }

  clear() {
    this.rows = [];
    byId("library-rows").replaceChildren();
    byId("library-empty").hidden = false;
    byId("library-more").hidden = true;
  }

  #create(row) {
    const button = (text, act, label) => {
      const node = element("button", { type: "button", className: "quiet small", textContent: text });
      node.setAttribute("aria-label", `${label} video ${row.id}`);
      node.addEventListener("click", () => act(row));
      return node;
    };
    const badge = element("span", { className: "badge" });
    showStatus(badge, row);
    const image = webAddress(row.thumbnail_url);
    const thumb = image
      ? element("img", { className: "thumb", src: image, alt: "", loading: "lazy" })
      : element("span", { className: "thumb" });
    const prompt = element("p", { className: "row-prompt" });
    setText(prompt, row.prompt ?? row.generator);
    const card = element(
      "li",
      { className: "row card" },
      thumb,
      element("div", { className: "row-head" }, element("strong", { textContent: `#${row.id}` }), badge),
      prompt,
      element(
        "div",
        { className: "row-foot" },
        button("Open", (video) => this.onOpen(video.id), "Open"),
        ...(row.generator === "deforum" && row.seed ? [button("Reuse", this.onReuse, "Use the settings of")] : []),
        ...(row.generator === "deforum" && row.status === "finished" ? [button("Continue", this.onExtend, "Continue")] : []),
      ),
    );
    card.dataset.video = row.id;
    return card;
  }
}

function showStatus(badge, row) {
  setText(badge, statusText(row));
  badge.dataset.status = row.status;
}
