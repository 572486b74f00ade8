// A stretch of frames as a video: a preview to keep or to show around, made in the page from the reel's pictures.

const KINDS = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
/** Bits a second of a reel's picture at CRF 23; six steps of CRF are a factor of two, as in H.264. */
const USUAL_BITS = 1_500_000;
const USUAL_CRF = 23;

export const canSave = () => typeof MediaRecorder === "function" && KINDS.some((kind) => MediaRecorder.isTypeSupported(kind));

/**
 * Records frames `first` to `last` at `fps`, as long as they play. `pictureOf(frame)` resolves to the address of a picture,
 * null without one: the one before stays. `onFrame(frame)` hears how far it is. Answers {blob, ending}, null without
 * any picture.
 */
export async function record(first, last, { fps, crf, pictureOf, onFrame = () => {}, signal }) {
  const kind = KINDS.find((each) => MediaRecorder.isTypeSupported(each));
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  let recorder = null;
  const parts = [];
  let next = 0;
  for (let frame = first; frame <= last && !signal?.aborted; frame += 1) {
    const picture = await load(await pictureOf(frame));
    if (!picture && !recorder) continue;
    if (!recorder) {
      [canvas.width, canvas.height] = [picture.naturalWidth & ~1, picture.naturalHeight & ~1];
      const bits = USUAL_BITS * 2 ** ((USUAL_CRF - crf) / 6);
      recorder = new MediaRecorder(canvas.captureStream(fps), { mimeType: kind, videoBitsPerSecond: Math.round(bits) });
      recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      recorder.start();
      next = performance.now();
    } else if (picture) context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    onFrame(frame);
    next += 1_000 / fps;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  if (!recorder) return null;
  await new Promise((resolve) => {
    recorder.addEventListener("stop", resolve, { once: true });
    recorder.stop();
  });
  return { blob: new Blob(parts, { type: kind }), ending: kind.startsWith("video/mp4") ? "mp4" : "webm" };
}

async function load(address) {
  if (!address) return null;
  const picture = new Image();
  picture.src = address;
  return picture.decode().then(
    () => picture,
    () => null,
  );
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
