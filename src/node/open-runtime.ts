/** The runtime of a model in Node: the one that is given, else the native one, or WebAssembly where that is not installed. */
import { Tensor } from "onnxruntime-common";
import { VaekitError } from "../errors.ts";
import { LentRuntime, type Device, type GivenRuntime, type Runtime } from "../runtime/index.ts";
import { loadNativeEngine } from "../runtime/node/native-engine.ts";
import { NodeRuntime } from "../runtime/node/node-runtime.ts";
import { WebRuntime, type OrtModule } from "../runtime/web/web-runtime.ts";

/**
 * @param given checked.
 * @param onWarning told when WebAssembly takes the native runtime's place.
 * @throws UNSUPPORTED when `device` needs the native runtime and it is not there.
 */
export function openRuntime(given: GivenRuntime, onWarning: (message: string) => void): Runtime {
  if (given.runtime !== undefined) return new LentRuntime(given.runtime);
  return ownRuntime(given.device ?? "auto", given.threadCount ?? 0, onWarning);
}

function ownRuntime(device: Device, threadCount: number, onWarning: (message: string) => void): Runtime {
  const problem = nativeProblem();
  if (problem === undefined) return new NodeRuntime({ device, threadCount });
  if (device !== "auto" && device !== "cpu") throw problem;
  onWarning(`${problem.message} WebAssembly takes its place, several times slower.`);
  return new WebRuntime(webAssembly, { device });
}

function nativeProblem(): VaekitError | undefined {
  try {
    loadNativeEngine();
    return undefined;
  } catch (error) {
    if (error instanceof VaekitError) return error;
    throw error;
  }
}

/** Loaded with the first session: it is several megabytes. */
const webAssembly: OrtModule = {
  InferenceSession: {
    create: async (model, options) => {
      const { InferenceSession } = await import("onnxruntime-web");
      return InferenceSession.create(model, options);
    },
  },
  Tensor,
};
