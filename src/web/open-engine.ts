/** What computes for a model in the browser: a worker of the page; the page itself where it is asked to, or cannot do otherwise. */
import { VaekitError } from "../errors.ts";
import { isOwnClass } from "../models/index.ts";
import { checkGivenRuntime, type Device, type Runtime } from "../runtime/index.ts";
import type { OrtModule } from "../runtime/web/ort-module.ts";
import { findAdapter, isSoftware } from "../runtime/web/graphics-adapter.ts";
import { checkWebDevice } from "../runtime/web/web-device.ts";
import type { CodingEngine, EngineParts, MakeEngine } from "../vae/coding-engine.ts";
import type { RuntimeOptions } from "./opening-options.ts";
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
 * @param subject the call, for messages.
 * @param ort the entry of onnxruntime-web to run on, in the thread that calls; by default its WebAssembly build, in a worker.
 * @throws INVALID_ARGUMENT when the given runtime cannot be used; UNSUPPORTED for a device that browsers do not have.
 */
export async function openEngine(
  subject: string,
  options: RuntimeOptions,
  ort: OrtModule | undefined,
): Promise<MakeEngine> {
  const { runtime, device = "auto", worker = true } = options;
  checkGivenRuntime(subject, options, ofBrowsers);
  if (runtime !== undefined && ort !== undefined) {
    const message = `${subject}: ort: the runtime that is passed beside it has its own. Leave one of them out.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  checkWebDevice(device);
  if (runtime !== undefined || ort !== undefined || !worker || !hasWorkers()) {
    return engineOfPage(options, ort);
  }
  const tries = device === "auto" ? await tried() : ([device === "webgpu" ? "webgpu" : "cpu"] as const);
  return (parts) => engineOfWorker(parts, tries, options);
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
  { threadCount = defaultThreadCount(), onWarning }: RuntimeOptions,
): CodingEngine {
  const device = devices.at(-1)!;
  const inPage = async ({ message }: VaekitError): Promise<CodingEngine> => {
    onWarning?.(`${message} The model computes in the page's own thread, which stands still meanwhile.`);
    return (await engineOfPage({ device }))(parts);
  };
  const placeOf = (device: WorkerDevice): EnginePlace => ({
    device,
    lease: () =>
      isOwnClass(parts.model.className)
        ? leaseWorker({ build: buildFor(device), threadCount })
        : withoutWorker(parts),
  });
  const places = devices.map(placeOf);
  return new WorkerEngine({ parts, places, processor: placeOf("cpu"), inPage, onWarning });
}

/** WebGPU waits for its device: WebAssembly can be suspended meanwhile in newer browsers, in others it is built for that. */
function buildFor(device: WorkerDevice): OrtBuild {
  if (device === "cpu") return "wasm";
  return "Suspending" in WebAssembly ? "jspi" : "webgpu";
}

function withoutWorker({ name, model }: EngineParts): WorkerLease {
  const message = `${name}: a worker does not know the page's own class ${model.className}.`;
  return { client: Promise.reject(new VaekitError("UNSUPPORTED", message)), release: () => undefined };
}
