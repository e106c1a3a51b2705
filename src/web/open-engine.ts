/** What computes for a model in the browser: a worker of the page; the page itself where it is asked to, or cannot do otherwise. */
import { VaekitError } from "../errors.ts";
import { isOwnClass } from "../models/index.ts";
import { checkGivenRuntime, type Device, type Runtime } from "../runtime/index.ts";
import type { OrtModule } from "../runtime/web/ort-module.ts";
import { findAdapter, isSoftware } from "../runtime/web/graphics-adapter.ts";
import { checkWebDevice } from "../runtime/web/web-device.ts";
import type { CodingEngine, EngineParts, MakeEngine } from "../vae/coding-engine.ts";
import type { FetchingOptions, RuntimeOptions } from "./opening-options.ts";
import { abortable } from "./abortable.ts";
import { defaultThreadCount } from "./thread-count.ts";
import type { EnginePlace } from "./worker/open-in-worker.ts";
import { hasWorkers, leaseWorker, type OrtBuild, type WorkerLease } from "./worker/page-worker.ts";
import { WorkerEngine } from "./worker/worker-engine.ts";

type WorkerDevice = EnginePlace["device"];

const ofBrowsers = {
  expected: "a runtime of the browser, as new WebRuntime(ort) makes",
  has: (name: string): boolean => name === "onnxruntime-web",
};

/**
 * Opens a model with an engine, which starts first: devices that are not there are refused before anything is downloaded, and
 * WebAssembly is compiled while weights are on their way.
 *
 * @param subject the call, for messages.
 * @param ort the entry of onnxruntime-web to run on, in the thread that calls; by default its WebAssembly build, in a worker.
 * @param open makes the model, which keeps its engine from then on.
 * @throws INVALID_ARGUMENT when the given runtime cannot be used; UNSUPPORTED for a device that browsers do not have; ABORTED, and
 *   as `open`
 */
export function withEngine<Opened>(
  subject: string,
  options: RuntimeOptions & Pick<FetchingOptions, "signal">,
  ort: OrtModule | undefined,
  open: (engine: StartingEngine) => Promise<Opened>,
): Promise<Opened> {
  return abortable(options.signal, async () => {
    const engine = await startEngine(subject, options, ort);
    try {
      return await open(engine);
    } finally {
      engine.release();
    }
  });
}

/** What will compute for a model. */
export interface StartingEngine {
  readonly make: MakeEngine;
  /** Told the name of the model's class as soon as it is known. */
  readonly expect: (className: string) => void;
}

interface HeldEngine extends StartingEngine {
  /** A worker that was started stays as long as a model needs it. */
  readonly release: () => void;
}

const nothing = (): void => undefined;

async function startEngine(
  subject: string,
  options: RuntimeOptions,
  ort: OrtModule | undefined,
): Promise<HeldEngine> {
  const { runtime, device = "auto", worker = true } = options;
  checkGivenRuntime(subject, options, ofBrowsers);
  if (runtime !== undefined && ort !== undefined) {
    const message = `${subject}: ort: the runtime that is passed beside it has its own. Leave one of them out.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  checkWebDevice(device);
  if (runtime !== undefined || ort !== undefined || !worker || !hasWorkers()) {
    return { make: await engineOfPage(options, ort), expect: nothing, release: nothing };
  }
  const tries = device === "auto" ? await tried() : ([device === "webgpu" ? "webgpu" : "cpu"] as const);
  const { client, release } = leaseFor(tries[0]!, options);
  const expect = (className: string): void => {
    // Where there is no worker, whoever computes first hears of it.
    if (isOwnClass(className))
      client.then((worker) => {
        worker.expect(className);
      }, nothing);
  };
  return { make: (parts) => engineOfWorker(parts, tries, options), expect, release };
}

/** Where a model is opened by default: an adapter that the processor only plays is no gain. */
async function tried(): Promise<readonly WorkerDevice[]> {
  const isWorthIt = await findAdapter().then(
    (adapter) => adapter !== undefined && !isSoftware(adapter),
    // Such as an older browser, which says less of its adapter.
    () => false,
  );
  return isWorthIt ? ["webgpu", "cpu"] : ["cpu"];
}

/** Loaded only when needed: a page whose models compute in a worker has no use for the rest of vaekit. */
async function engineOfPage(
  { runtime, device }: { readonly runtime?: Runtime | undefined; readonly device?: Device | undefined },
  ort?: OrtModule,
): Promise<MakeEngine> {
  const { pageEngine } = await import("./page-engine.ts");
  return pageEngine({ runtime, device, ort });
}

function engineOfWorker(
  parts: EngineParts,
  devices: readonly WorkerDevice[],
  options: RuntimeOptions,
): CodingEngine {
  const { onWarning } = options;
  const device = devices.at(-1)!;
  const inPage = async ({ message }: VaekitError): Promise<CodingEngine> => {
    onWarning?.(`${message} The model computes in the page's own thread, which stands still meanwhile.`);
    return (await engineOfPage({ device }))(parts);
  };
  const placeOf = (device: WorkerDevice): EnginePlace => ({
    device,
    lease: () => (isOwnClass(parts.model.className) ? leaseFor(device, options) : withoutWorker(parts)),
  });
  const places = devices.map(placeOf);
  return new WorkerEngine({ parts, places, processor: placeOf("cpu"), inPage, onWarning });
}

const leaseFor = (
  device: WorkerDevice,
  { threadCount = defaultThreadCount() }: RuntimeOptions,
): WorkerLease => leaseWorker({ build: buildFor(device), threadCount });

/** WebGPU waits for its device: WebAssembly can be suspended meanwhile in newer browsers, in others it is built for that. */
function buildFor(device: WorkerDevice): OrtBuild {
  if (device === "cpu") return "wasm";
  return "Suspending" in WebAssembly ? "jspi" : "webgpu";
}

function withoutWorker({ name, model }: EngineParts): WorkerLease {
  const message = `${name}: a worker does not know the page's own class ${model.className}.`;
  return { client: Promise.reject(new VaekitError("UNSUPPORTED", message)), release: () => undefined };
}
