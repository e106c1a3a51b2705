/** Engines that compute in the thread that calls them: of a given runtime, of a given build, or where there are no workers. */
import { LentRuntime, type Device, type Runtime } from "../runtime/index.ts";
import { GraphicsDevice } from "../runtime/web/graphics-device.ts";
import { missingModule } from "../runtime/web/missing-wasm.ts";
import { WebRuntime, type OrtModule } from "../runtime/web/web-runtime.ts";
import type { MakeEngine } from "../vae/coding-engine.ts";
import { localEngine } from "../vae/local-engine.ts";
import { browser } from "./machine.ts";

/** What decides where a page computes. */
export interface PageEngineOptions {
  readonly runtime?: Runtime | undefined;
  readonly device?: Device | undefined;
  /** @default the WebAssembly build */
  readonly ort?: OrtModule | undefined;
}

/** @throws UNSUPPORTED for a device that browsers do not have, and when onnxruntime-web is not there. */
export async function pageEngine({ runtime, device, ort }: PageEngineOptions): Promise<MakeEngine> {
  if (runtime !== undefined) return localEngine(new LentRuntime(runtime), browser);
  const options = device === undefined ? {} : { device };
  if (ort !== undefined) return localEngine(new WebRuntime(ort, options), browser);
  const graphics = device === "webgpu" ? { graphics: await GraphicsDevice.open() } : {};
  const own = new WebRuntime(await ownOrt(device), { ...options, ...graphics });
  return localEngine(own, browser);
}

/** Loaded only when needed: the WebAssembly is several megabytes. */
async function ownOrt(device: Device | undefined): Promise<OrtModule> {
  const entry = device === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm");
  return await entry.catch((error: unknown) => {
    throw missingModule(error);
  });
}
