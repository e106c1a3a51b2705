/** The workers of a page: one for each build of onnxruntime-web and number of threads, shared by all models that ask for it. */
import { messageOf, VaekitError } from "../../errors.ts";
import type { Link, Start } from "./protocol.ts";
import { WorkerClient } from "./worker-client.ts";

/** The entries of onnxruntime-web that a worker can be of. */
export type OrtBuild = "wasm" | "jspi" | "webgpu";

/** What tells workers apart. */
export interface WorkerKind {
  readonly build: OrtBuild;
  readonly threadCount: number;
}

/** A worker for as long as a model needs it. */
export interface WorkerLease {
  /** @throws UNSUPPORTED where no worker can be had. */
  readonly client: Promise<WorkerClient>;
  /** The last one to go ends the worker. */
  readonly release: () => void;
}

/**
 * Each address stands in its place as it is: so bundlers find the worker and what it imports. Each name is another, for webpack and
 * rspack make one script of workers that have the same.
 */
const start: { readonly [B in OrtBuild]: () => Worker } = {
  wasm: () =>
    new Worker(new URL("./wasm-worker.js", import.meta.url), { type: "module", name: "vaekit-wasm" }),
  jspi: () =>
    new Worker(new URL("./jspi-worker.js", import.meta.url), { type: "module", name: "vaekit-jspi" }),
  webgpu: () =>
    new Worker(new URL("./webgpu-worker.js", import.meta.url), { type: "module", name: "vaekit-webgpu" }),
};

interface SharedWorker {
  readonly client: Promise<WorkerClient>;
  users: number;
}

const workers = new Map<string, SharedWorker>();

/** Whether there are workers of browsers. ONNX Runtime's WebAssembly puts Node's class in their place, which is another. */
export const hasWorkers = (): boolean => typeof Worker !== "undefined" && "onmessage" in Worker.prototype;

/** @returns the page's worker of the kind; it is started by whoever is first. */
export function leaseWorker({ build, threadCount }: WorkerKind): WorkerLease {
  const key = `${build} ${threadCount}`;
  const shared = workers.get(key) ?? { client: startWorker(build, threadCount), users: 0 };
  workers.set(key, shared);
  shared.users++;
  // Who waits for it hears of its failure.
  shared.client.catch(() => undefined);
  const end = (): void => {
    if (--shared.users > 0) return;
    workers.delete(key);
    void shared.client.then(
      (client) => {
        client.terminate();
      },
      // Nothing has started.
      () => undefined,
    );
  };
  let isReleased = false;
  const release = (): void => {
    if (!isReleased) end();
    isReleased = true;
  };
  return { client: shared.client, release };
}

async function startWorker(build: OrtBuild, threadCount: number): Promise<WorkerClient> {
  const message: Start = { kind: "start", threadCount, device: build === "wasm" ? "cpu" : "webgpu" };
  const worker = await startNamed(build, message).catch((error: unknown) =>
    startLinked(build, message).catch(() => {
      throw error;
    }),
  );
  return new WorkerClient(worker);
}

async function startNamed(build: OrtBuild, message: Start): Promise<Worker> {
  return firstAnswer(tryToStart(start[build]), message);
}

/**
 * For a page without a bundler, whose modules find onnxruntime-web by an import map: a worker does not see it.
 *
 * @throws where nothing says where onnxruntime-web is.
 */
async function startLinked(build: OrtBuild, message: Start): Promise<Worker> {
  const ort = import.meta.resolve(`onnxruntime-web/${build}`);
  // Not where it stands as it is: no bundler shall follow it.
  const address = new URL(["linked", "worker.js"].join("-"), import.meta.url);
  const worker = tryToStart(() => new Worker(address, { type: "module", name: "vaekit-linked" }));
  const link: Link = { ort };
  return firstAnswer(await firstAnswer(worker, link), message);
}

/** The worker, when it has answered a message. @throws UNSUPPORTED when it cannot, and is ended */
async function firstAnswer(worker: Worker, message: Start | Link): Promise<Worker> {
  try {
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = () => {
        resolve();
      };
      worker.onerror = (event) => {
        event.preventDefault();
        // A script that is not there, or that the page's policy forbids, has no message.
        reject(noWorker(event.message ? event.message : "its script could not be loaded"));
      };
      worker.postMessage(message);
    });
    return worker;
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

function tryToStart(make: () => Worker): Worker {
  try {
    return make();
  } catch (error) {
    throw noWorker(messageOf(error));
  }
}

const noWorker = (reason: string): VaekitError =>
  new VaekitError("UNSUPPORTED", `The worker that computes could not be started: ${reason}.`);
