// The console: one video in hand, a queue that is watched, and the clicks between them.

import { Api, ApiError, clickKey } from "./api.js";
import { Composer, FormError } from "./composer.js";
import { Connection } from "./connection.js";
import { Credentials } from "./credentials.js";
import { byId, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { isActive, statusText } from "./format.js";
import { mountComposing } from "./instruments/composing.js";
import { Library } from "./library.js";
import { LiveView } from "./live.js";
import { Poller } from "./poller.js";
import { QueuePanel } from "./queue.js";
import { Stage } from "./stage.js";

let api = null;
let current = null; // the API's row of the video in hand
let previewed = { id: null, form: "" }; // the form as it was when that video's preview was asked for
let active = new Set(); // ids of my active videos
let seen = null; // what the last look at the queue answered
let feed = null;
let busy = false; // a click is being answered

const credentials = new Credentials();
const connection = new Connection({
  credentials,
  onToken: connect,
  onDisconnect: disconnect,
  onAsking: () => showActions(),
  onLeft: (reason) => leave({ status: 401, message: reason }),
});
const composer = new Composer({ onExtend: (id) => continueVideo(library.rows.find((row) => row.id === id)) });
const stage = new Stage({ onStale: renewLinks, onReuseSeed: (seed) => composer.setSeed(seed) });
const queue = new QueuePanel({ onOpen: open, onSteer: enter, onCancel: cancel });
const library = new Library({ onOpen: open, onReuse: reuse, onExtend: continueVideo });
const live = new LiveView({ onEnded: refreshVideo, onCancel: cancel, onRefused: leaveLive });
const poller = new Poller(watch, () => Boolean(feed?.live));

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!byId("preview").disabled) preview();
});
byId("composer").addEventListener("input", showActions);
byId("finalize").addEventListener("click", finalize);
byId("cancel").addEventListener("click", () => cancel(current.id));
byId("new").addEventListener("click", startAnew);
byId("room-compose").addEventListener("click", () => enter(null));
byId("room-live").addEventListener("click", () => enter(jobToFollow()));
byId("steer").addEventListener("click", () => enter(current.job_id));
addEventListener("hashchange", () => api && enter(jobOfAddress()));
connection.resume();

async function connect() {
  api?.close();
  feed?.close();
  api = new Api(credentials);
  const mine = api;
  try {
    const account = await api.get("/api/auth/me");
    const [models, presets] = await Promise.all([api.get("/api/v1/model-files?perPage=200"), api.get("/api/v1/presets?perPage=200")]);
    composer.setModels(models.items);
    composer.setPresets(presets.items);
    library.connect(api);
    await refreshLibrary();
    connection.accept(account);
    mountComposing(byId("compose-instruments"), api);
    if (library.rows.length) show(library.rows[0]);
    live.connect(api);
    byId("rooms").hidden = false;
    if (jobOfAddress()) await enter(jobOfAddress());
    poller.start();
    feed = new Feed(api, hear);
    feed.follow();
  } catch (error) {
    if (mine !== api) return;
    if (!leave(error)) {
      disconnect();
      connection.refuse(explain(error));
    }
  }
  showActions();
}

function disconnect() {
  poller.stop();
  feed?.close();
  feed = null;
  mountComposing(byId("compose-instruments"), null);
  api?.close();
  api = null;
  active = new Set();
  seen = null;
  live.close();
  byId("rooms").hidden = true;
  showRoom(false);
  library.clear();
  queue.show({ total_jobs_processing: "–", total_jobs_in_queue: "–", estimated_time_for_all_jobs: null }, [], null);
  queue.showTrouble("");
  composer.setExtendable([]);
  show(null);
}

/** One look at the queue; answers whether something of mine is active. */
async function watch() {
  try {
    const [status, mine] = await Promise.all([api.get("/api/video-jobs/processing/status"), api.get("/api/video-jobs/processing/queue")]);
    const now = new Set(mine.items.map((row) => row.id));
    const ended = [...active].filter((id) => !now.has(id));
    active = now;
    seen = { statistics: status.statistics, rows: mine.items };
    showQueue();
    queue.showTrouble("");
    const row = mine.items.find((item) => item.id === current?.id);
    if (row) show(row);
    else if (current && (ended.includes(current.id) || isActive(current))) await open(current.id);
    if (ended.length) await refreshLibrary();
    return now.size > 0;
  } catch (error) {
    if (!leave(error)) queue.showTrouble(`${explain(error)} Trying again.`);
    throw error;
  }
}

/** Progress goes straight to the page; whatever else happens to a render is a reason to look. */
function hear(kind, data) {
  if (kind === "ready" ? !data.live : !["render", "reset"].includes(kind)) return;
  const row = kind === "render" && data.job_status === "running" && seen?.rows.find((item) => item.job_id === data.job_id);
  if (!row || statusText(row) !== "rendering") return poller.now();
  const { progress, frames_done, frames_total, estimated_time_left } = data;
  Object.assign(row, { progress, frames_done, frames_total, estimated_time_left });
  showQueue();
  if (row.id === current?.id) show(row);
}

function showQueue() {
  queue.show(seen.statistics, seen.rows, current?.id);
  library.follow(seen.rows);
}

const jobOfAddress = () => Number(/^#live-(\d+)$/.exec(location.hash)?.[1]) || null;

/** What renders now comes before what was followed last. */
const jobToFollow = () => (current && isActive(current) ? current.job_id : (live.session?.jobId ?? current?.job_id));

/** Goes to a job's live view, or back to composing. The address says which, so that a reload comes back to it. */
async function enter(jobId) {
  history.replaceState(null, "", jobId ? `#live-${jobId}` : location.pathname + location.search);
  showRoom(Boolean(jobId));
  if (!jobId) return;
  try {
    await live.open(jobId);
  } catch (error) {
    if (!leave(error)) leaveLive(error.status);
  }
}

function showRoom(isLive) {
  byId("live").hidden = !isLive;
  byId("workbench").hidden = byId("compose-actions").hidden = isLive;
  byId("room-compose").setAttribute("aria-pressed", String(!isLive));
  byId("room-live").setAttribute("aria-pressed", String(isLive));
  document.querySelector(".skip").href = isLive ? "#live" : "#stage";
}

/** There is no such render, or none of ours. */
function leaveLive(status) {
  if (leave({ status, message: "The session has ended." })) return;
  live.close();
  enter(null);
  composer.showErrors({}, status === 404 ? "There is no such render to follow." : "The live view is not to be had now.");
}

/** A render followed live has ended: its video is another one. */
async function refreshVideo(videoId) {
  if (current?.id === videoId) await open(videoId);
  await refreshLibrary().catch(() => {});
}

async function preview() {
  await click("Preview", async () => {
    const parameters = composer.parameters();
    const key = clickKey();
    const videoId = (await upload()) ?? reusableVideo();
    const row = await api.post("/api/generate", { type: "deforum", ...(videoId && { videoId }), ...parameters }, { key });
    previewed = { id: row.id, form: JSON.stringify(parameters) };
    show(row);
    // On a narrow screen the stage lies below the form.
    byId("stage").scrollIntoView({ block: "nearest" });
  });
}

async function finalize() {
  await click("Finalize", async () => show(await api.post("/api/finalize", { videoId: current.id })));
}

async function cancel(id) {
  await click("Cancel", async () => {
    const row = await api.post(`/api/cancelJob/${id}`);
    if (current?.id === id) show(row);
  });
}

/** Sends newly chosen files; answers the id of the video made of them, null without files. */
async function upload() {
  const files = composer.files();
  if (!files) return null;
  files.append("type", "deforum");
  const row = await api.upload("/api/upload", files, (share) => stage.showWork(`Uploading: ${Math.round(share * 100)} %`, share * 100));
  composer.clearFiles();
  current = { ...row, generator: row.type };
  return row.id;
}

/** A preview goes to the video in hand, unless that is a finished one without a source: then a new one costs nothing. */
function reusableVideo() {
  if (!current || current.generator !== "deforum") return null;
  return current.status !== "finished" || current.media_url ? current.id : null;
}

async function open(id) {
  try {
    show(await api.get(`/status/${id}`));
  } catch (error) {
    if (!leave(error)) composer.showErrors({}, explain(error));
  }
}

let renewed = null;

/** Asks for fresh links, once per render: a file that is gone for good must not be asked for again and again. */
function renewLinks() {
  if (!current || renewed === current.job_id) return;
  renewed = current.job_id;
  open(current.id);
}

function reuse(row) {
  composer.fill(row.generation_parameters);
  composer.chooseExtension(row.generation_parameters.extendFromJobId);
}

function continueVideo(row) {
  composer.fill(row.generation_parameters);
  composer.chooseExtension(row.id);
  startAnew();
}

function startAnew() {
  show(null);
  byId("prompt").focus();
}

function show(row) {
  current = row;
  stage.show(row);
  showActions();
}

function showActions() {
  const rendering = Boolean(current) && isActive(current);
  const ready = api && !connection.asking;
  byId("preview").disabled = !ready || busy || rendering;
  byId("finalize").disabled = !ready || busy || !["preview", "cancelled", "error"].includes(current?.status) || !current.seed;
  byId("cancel").disabled = !ready || busy || !rendering;
  byId("new").disabled = !current;
  const steerable = ready && current?.generator === "deforum" && Boolean(current.job_id);
  byId("steer").hidden = !steerable || !rendering;
  byId("room-live").disabled = busy || (!steerable && !live.session);
  setText(byId("action-note"), note());
}

function note() {
  if (!api) return "Not connected.";
  if (current?.status !== "preview" || previewed.id !== current.id) return "";
  return changed() ? "Changed since the preview: Finalize renders what was previewed." : "Finalize renders the whole video as previewed.";
}

function changed() {
  try {
    return JSON.stringify(composer.parameters()) !== previewed.form;
  } catch {
    return true;
  }
}

/** Runs what a click asks for; its errors go next to the controls they are about. */
async function click(name, act) {
  busy = true;
  showActions();
  composer.showErrors({});
  try {
    await act();
    await refreshLibrary();
  } catch (error) {
    stage.show(current);
    if (!leave(error)) composer.showErrors(error.fields ?? {}, `${name}: ${explain(error)}`);
  } finally {
    busy = false;
    showActions();
    poller.now();
  }
}

async function refreshLibrary() {
  await library.refresh(current?.id);
  composer.setExtendable(library.rows.filter((row) => row.generator === "deforum" && row.status === "finished"));
}

/** Goes back to pasting a token if this one is refused; answers whether it did. An aborted request needs no words. */
function leave(error) {
  if (error.name === "AbortError") return true;
  if (error.status !== 401) return false;
  disconnect();
  connection.refuse(`The studio refused the token: ${error.message}`);
  return true;
}

function explain(error) {
  if (error instanceof ApiError || error instanceof FormError) return error.message;
  return "The studio does not answer.";
}
