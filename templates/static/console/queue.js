// My active renders and how busy the studio is.

import { byId, element, keepList, setText } from "./dom.js";
import { duration, progressText, statusText } from "./format.js";

export class QueuePanel {
  constructor({ onOpen, onSteer, onCancel }) {
    this.onSteer = onSteer;
    this.onOpen = onOpen;
    this.onCancel = onCancel;
  }

  /** `statistics` of /processing/status, `rows` of /processing/queue, the id of the video in hand. */
  show(statistics, rows, currentId) {
    figure("processing", String(statistics.total_jobs_processing));
    figure("waiting", String(statistics.total_jobs_in_queue));
    figure("time", duration(statistics.estimated_time_for_all_jobs));
    byId("queue-empty").hidden = rows.length > 0;
    keepList(byId("queue-rows"), rows, {
      key: (row) => row.id,
      create: (row) => this.#create(row),
      update: (node, row) => update(node, row, currentId),
    });
  }

  /** Whether the feed is alive; an empty reason says that it is. */
  showTrouble(reason) {
    setText(byId("queue-feed"), reason);
  }

  #create(row) {
    const open = element("button", { type: "button", className: "quiet small", textContent: "Open" });
    const cancel = element("button", { type: "button", className: "quiet small danger", textContent: "Cancel" });
    const steer = element("button", { type: "button", className: "quiet small", textContent: "Steer", hidden: row.generator !== "deforum" });
    steer.setAttribute("aria-label", `Steer video ${row.id}`);
    // The same video has another render after its preview.
    steer.addEventListener("click", () => this.onSteer(Number(steer.dataset.job)));
    open.setAttribute("aria-label", `Open video ${row.id}`);
    cancel.setAttribute("aria-label", `Cancel video ${row.id}`);
    open.addEventListener("click", () => this.onOpen(row.id));
    cancel.addEventListener("click", () => this.onCancel(row.id));
    const bar = element("progress", { max: 100 });
    bar.setAttribute("aria-label", `Progress of video ${row.id}`);
    return element(
      "li",
      { className: "row" },
      element("div", { className: "row-head" }, element("strong"), element("span", { className: "badge" })),
      element("p", { className: "row-prompt" }),
      bar,
      element("div", { className: "row-foot" }, element("span", { className: "grow" }), open, steer, cancel),
    );
  }
}

function update(node, row, currentId) {
  node.classList.toggle("current", row.id === currentId);
  setText(node.querySelector("strong"), `#${row.id} ${row.purpose}`);
  node.querySelector("[aria-label^=Steer]").dataset.job = row.job_id;
  const badge = node.querySelector(".badge");
  setText(badge, statusText(row));
  badge.dataset.status = row.status;
  setText(node.querySelector(".row-prompt"), row.prompt ?? "");
  node.querySelector("progress").value = row.progress;
  setText(node.querySelector(".grow"), progressText(row));
}

function figure(name, text) {
  setText(byId("queue-figures").querySelector(`[data-figure=${name}]`), text);
}
