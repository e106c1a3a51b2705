/** What computes for a model in the browser: a worker of the page; the page itself where it is asked to, or cannot do otherwise. */
import { VaekitError } from "../errors.ts";
import { isOwnModel } from "../models/index.ts";
import { checkGivenRuntime, type Device, type Runtime } from "../runtime/index.ts";
import type { OrtModule } from "../runtime/web/ort-module.ts";
import { checkWebDevice } from "../runtime/web/web-device.ts";
import type { CodingEngine, EngineParts, MakeEngine } from "../vae/coding-engine.ts";
import type { RuntimeOptions } from "./opening-options.ts";
import { defaultThreadCount } from "./thread-count.ts";
import { hasWorkers, leaseWorker, type WorkerLease } from "./worker/page-worker.ts";
import { WorkerEngine } from "./worker/worker-engine.ts";

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
  return (parts) => engineOfWorker(parts, device, options);
}

/** Loaded only when needed: a page whose models compute in a worker has no use for the rest of vaekit. */
async function engineOfPage(
  { runtime, device }: { readonly runtime?: Runtime | undefined; readonly device?: Device | undefined },
  ort?: OrtModule,
): Promise<MakeEngine> {
  const { pageEngine } = await import("./page-engine.ts");
  return pageEngine({ runtime, device, ort });
}

function engineOfWorker(parts: EngineParts, device: Device, options: RuntimeOptions): CodingEngine {
  const { threadCount = defaultThreadCount(), onWarning } = options;
  const inPage = async ({ message }: VaekitError): Promise<CodingEngine> => {
    onWarning?.(`${message} The model computes in the page's own thread, which stands still meanwhile.`);
    return (await engineOfPage({ device }))(parts);
  };
  const build = device === "webgpu" ? "webgpu" : "wasm";
  const lease = isOwnModel(parts.model) ? leaseWorker({ build, threadCount }) : withoutWorker(parts);
  return new WorkerEngine({ parts, device, inPage, lease });
}

function withoutWorker({ name, model }: EngineParts): WorkerLease {
  const message = `${name}: a worker does not know the page's own class ${model.className}.`;
  return { client: Promise.reject(new VaekitError("UNSUPPORTED", message)), release: () => undefined };
}
