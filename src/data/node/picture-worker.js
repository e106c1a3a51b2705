/**
 * The thread that reads pictures, so that training waits neither for files nor for resizing.
 * Plain JavaScript, because Node starts a worker from this very file, in the sources as in the build.
 */
import { parentPort, workerData } from "node:worker_threads";
import sharp from "sharp";
import { decodePicture } from "./decode-picture.js";
import { sampleValues, writePlanes } from "./sample-planes.js";

/** @typedef {import("./picture-protocol.ts").DecodedPicture} DecodedPicture */
/** @typedef {import("./picture-protocol.ts").PictureRequest} PictureRequest */
/** @typedef {import("./picture-protocol.ts").PictureResponse} PictureResponse */
/** @typedef {import("./picture-protocol.ts").PictureWorkerData} PictureWorkerData */
/** @typedef {import("./picture-protocol.ts").SkippedFile} SkippedFile */
/** @typedef {import("./picture-protocol.ts").WantedExample} WantedExample */

// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- Node declares it as any
const { files, decode, range, cacheBytes, decoders } = /** @type {PictureWorkerData} */ (workerData);

// Training needs the cores; several pictures are decoded at once instead of one by several threads.
sharp.concurrency(1);
sharp.cache(false);

const values = sampleValues(range);
let closing = false;

/**
 * Decoded pictures, the longest unused first.
 *
 * @type {Map<number, DecodedPicture>}
 */
const cache = new Map();
let cachedBytes = 0;

/** @type {Map<number, Promise<DecodedPicture>>} */
const underWay = new Map();

/** @type {Map<number, string>} */
const unreadable = new Map();

/** @type {SkippedFile[]} */
let skipped = [];

/**
 * @param {number} example
 * @param {DecodedPicture} picture
 */
function remember(example, picture) {
  cache.set(example, picture);
  cachedBytes += picture.data.length;
  for (const [oldest, { data }] of cache) {
    if (cachedBytes <= cacheBytes) break;
    cache.delete(oldest);
    cachedBytes -= data.length;
  }
}

/**
 * @param {number} example
 * @returns {Promise<DecodedPicture>}
 */
async function load(example) {
  const cached = cache.get(example);
  if (cached !== undefined) {
    cache.delete(example);
    cache.set(example, cached);
    return cached;
  }
  const started = underWay.get(example) ?? decodePicture(files[example] ?? "", decode);
  underWay.set(example, started);
  try {
    const picture = await started;
    if (!cache.has(example)) remember(example, picture);
    return picture;
  } finally {
    underWay.delete(example);
  }
}

/**
 * The picture, or the next readable one in the list: what takes its place does not depend on what was read before.
 *
 * @param {number} wanted
 * @returns {Promise<DecodedPicture | undefined>}
 */
async function loadReadable(wanted) {
  for (let i = 0; i < files.length && !closing; i++) {
    const example = (wanted + i) % files.length;
    if (unreadable.has(example)) continue;
    try {
      return await load(example);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (unreadable.has(example)) continue;
      const reason = message.trim().replaceAll(/\s+/g, " ");
      unreadable.set(example, reason);
      skipped.push({ path: files[example] ?? "", reason });
    }
  }
  return undefined;
}

/**
 * @param {readonly WantedExample[]} examples
 * @returns {Promise<Float32Array<ArrayBuffer> | undefined>} undefined when no picture is readable
 */
async function makeBatch(examples) {
  const { resolution, channels } = decode;
  const elements = channels * resolution * resolution;
  const out = new Float32Array(examples.length * elements);
  let next = 0;
  /** @returns {Promise<boolean>} whether every picture was found */
  const fillSlots = async () => {
    while (next < examples.length) {
      const slot = next++;
      const wanted = examples[slot];
      if (wanted === undefined) return false;
      const picture = await loadReadable(wanted.example);
      if (picture === undefined) return false;
      const left = Math.floor(wanted.x * (picture.width - resolution + 1));
      const top = Math.floor(wanted.y * (picture.height - resolution + 1));
      const part = { left, top, width: resolution, height: resolution, flip: wanted.flip };
      writePlanes(picture, part, values, out, slot * elements);
    }
    return true;
  };
  const complete = await Promise.all(Array.from({ length: decoders }, fillSlots));
  return complete.every(Boolean) ? out : undefined;
}

/**
 * @param {number} id
 * @param {readonly WantedExample[]} examples
 */
async function answer(id, examples) {
  /** @type {PictureResponse} */
  let response;
  try {
    const data = await makeBatch(examples);
    const firstReason = unreadable.values().next().value ?? "the thread was closed";
    response = data === undefined ? { id, skipped, noneReadable: firstReason } : { id, skipped, data };
  } catch (error) {
    response = { id, skipped, error: error instanceof Error ? error.message : String(error) };
  }
  skipped = [];
  parentPort?.postMessage(response, "data" in response ? [response.data.buffer] : []);
}

/** One batch after another, so that the one needed next is ready first. */
let turn = Promise.resolve();

parentPort?.on("message", (/** @type {PictureRequest} */ request) => {
  if (request.kind === "close") {
    closing = true;
    // Not before the decoders have returned: a thread that ends under native work takes the process with it.
    void turn.then(() => parentPort?.close());
  } else if (!closing) {
    turn = turn.then(() => answer(request.id, request.examples));
  }
});
