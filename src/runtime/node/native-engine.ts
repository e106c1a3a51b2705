/**
 * Whether onnxruntime-node is there. It is an optional dependency: its install script downloads CUDA's libraries from a host of
 * its own, and a package manager leaves it out where that host is out of reach.
 */
import type * as OnnxRuntime from "onnxruntime-node";
import { messageOf, VaekitError } from "../../errors.ts";
import { requireFromHere, systemCode } from "../../files/node/index.ts";

export interface NativeEngine {
  /** As in "1.30.0". */
  readonly version: string;
  /** The names of the devices' providers that its build for this platform knows, such as "cuda". */
  readonly backends: readonly string[];
}

/**
 * Loads onnxruntime-node into the process, where it stays.
 *
 * @throws UNSUPPORTED when it is not installed, or cannot be loaded on this platform.
 */
export function loadNativeEngine(): NativeEngine {
  try {
    const { env, listSupportedBackends } = requireFromHere("onnxruntime-node") as typeof OnnxRuntime;
    return {
      version: env.versions.node ?? "unknown",
      backends: listSupportedBackends().map(({ name }) => name),
    };
  } catch (error) {
    throw new VaekitError("UNSUPPORTED", reason(error), { cause: error });
  }
}

function reason(error: unknown): string {
  if (systemCode(error) === "MODULE_NOT_FOUND" && messageOf(error).includes("'onnxruntime-node'"))
    return "onnxruntime-node is not installed: its install script could not download CUDA's libraries, which a processor does not need, and npm left it out. Add it with `npm install --ignore-scripts`.";
  const [firstLine] = messageOf(error).split("\n");
  return `onnxruntime-node could not be loaded on ${process.platform} ${process.arch}: ${firstLine ?? ""}.`;
}
