// The video in hand: its picture, its progress, its figures.

import { byId, element, setText, webAddress } from "./dom.js";
import { duration, isActive, progressText, rate, statusText } from "./format.js";

const LABELS = { still: "Still", animation: "Animation", preview: "Preview video", video: "Video" };

export class Stage {
  #media = "";
  #videoId = null;
  #addresses = {};
  #view = null;

  /** `onStale()` is called when a picture or video no longer loads: its signed link has expired. */
  constructor({ onStale, onReuseSeed }) {
    this.onStale = onStale;
    byId("views").addEventListener("click", (event) => event.target.dataset.view && this.#show(event.target.dataset.view));
    byId("reuse-seed").addEventListener("click", () => onReuseSeed(byId("facts").querySelector("[data-fact=seed]").textContent));
    byId("screen-video").addEventListener("error", () => this.#renew());
    byId("screen-image").addEventListener("error", () => this.#renew());
  }

  /** Shows a row of the API; null for nothing in hand. */
  show(row) {
    setText(byId("stage-title"), row ? `Video #${row.id}` : "Preview");
    this.#showStatus(row);
    this.#showProgress(row);
    this.#showFacts(row);
    this.#showMedia(row);
    this.#showFrame(row);
    setText(byId("stage-error"), row?.error ?? "");
  }

  /** Something is going on that has no row yet: an upload. */
  showWork(text, percent) {
    byId("progress").hidden = false;
    byId("progress-bar").value = percent;
    setText(byId("progress-text"), text);
  }

  #showStatus(row) {
    byId("stage-status").hidden = !row;
    if (!row) return;
    setText(byId("stage-status"), statusText(row));
    byId("stage-status").dataset.status = row.status;
  }

  #showProgress(row) {
    const active = Boolean(row) && isActive(row);
    byId("progress").hidden = !active;
    if (!active) return;
    byId("progress-bar").value = row.progress;
    setText(byId("progress-text"), progressText(row));
  }

  #showFacts(row) {
    byId("facts").hidden = !row?.seed;
    byId("stage-prompt").hidden = !row?.prompt;
    setText(byId("stage-prompt"), row?.prompt ?? "");
    if (!row?.seed) return;
    const facts = {
      seed: String(row.seed),
      size: `${row.width} × ${row.height}`,
      frames: `${row.frames_total} of ${row.frame_count} at ${rate(row.fps)}/s`,
      time: row.job_time === null ? "–" : duration(row.job_time),
    };
    for (const [name, text] of Object.entries(facts)) setText(byId("facts").querySelector(`[data-fact=${name}]`), text);
  }

  #showMedia(row) {
    // Every answer signs its links anew: only another render is a reason to load anything again.
    const media = row ? `${row.id}/${row.job_id}/${row.status}` : "";
    if (media === this.#media) return;
    // The approved preview stays on the screen until its film is there.
    if (row && row.id === this.#videoId && this.#view && isActive(row)) return;
    this.#media = media;
    this.#videoId = row?.id ?? null;
    const final = row?.purpose === "final" && row.status === "finished";
    const addresses = {
      still: row?.still_url,
      animation: row?.animation_url,
      preview: row?.preview_url,
      video: final ? row.output_url : null,
    };
    this.#addresses = Object.fromEntries(Object.entries(addresses).map(([view, url]) => [view, webAddress(url)]));
    const offered = Object.keys(LABELS).filter((view) => this.#addresses[view]);
    byId("views").hidden = offered.length < 2;
    for (const button of byId("views").children) button.hidden = !this.#addresses[button.dataset.view];
    this.#showLinks(row, offered);
    this.#show(["video", "animation", "still"].find((view) => this.#addresses[view]) ?? null);
    setText(byId("screen-placeholder"), row && isActive(row) ? "The picture appears here as soon as it is rendered." : "Nothing to show yet.");
  }

  /** While it renders and there is nothing better to see: its newest frame, once that is loaded. */
  #showFrame(row) {
    if (!row?.frame_url || !row.frames_done || this.#view) return;
    const picture = new Image();
    picture.onload = () => {
      if (this.#view || this.#videoId !== row.id) return;
      const image = byId("screen-image");
      image.src = picture.src;
      image.alt = `Frame ${row.frames_done} of ${row.frames_total}`;
      image.hidden = false;
      byId("screen-placeholder").hidden = true;
    };
    picture.src = `${webAddress(row.frame_url).split("?")[0]}?${row.frames_done}`;
  }

  #showLinks(row, offered) {
    const link = (text, url) => element("a", { textContent: text, href: `${url}${url.includes("?") ? "&" : "?"}download`, download: "" });
    const links = offered.filter((view) => view !== "animation").map((view) => link(`Download ${LABELS[view].toLowerCase()}`, this.#addresses[view]));
    const table = webAddress(row?.frame_table_url);
    byId("stage-links").replaceChildren(...links, ...(table ? [link("Per-frame parameters", table)] : []));
  }

  #show(view) {
    this.#view = view;
    const image = byId("screen-image");
    const video = byId("screen-video");
    const moving = view === "video" || view === "preview";
    image.hidden = !view || moving;
    video.hidden = !moving;
    byId("screen-placeholder").hidden = Boolean(view);
    for (const button of byId("views").children) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    load(video, moving ? this.#addresses[view] : null);
    load(image, view && !moving ? this.#addresses[view] : null);
    image.alt = view && !moving ? `${LABELS[view]} of the preview` : "";
  }

  #renew() {
    if (!this.#view) return;
    this.#media = "";
    this.onStale();
  }
}

function load(node, address) {
  if (address) node.src = address;
  else if (node.hasAttribute("src")) {
    node.removeAttribute("src");
    node.load?.();
  }
}
