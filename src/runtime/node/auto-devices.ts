/** What "auto" means on this machine. */
import { existsSync } from "node:fs";
import type { ConcreteDevice } from "../runtime.ts";

/** On Linux, NVIDIA's driver is one of these: its own device, its module in the kernel, or Windows' device in WSL. */
const nvidiaDrivers = ["/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg"];

export interface Surroundings {
  /** The names of the providers that onnxruntime-node knows here, whether their libraries are there or not. */
  readonly backends: readonly string[];
  readonly platform: NodeJS.Platform;
  readonly exists: (path: string) => boolean;
}

/**
 * The devices that "auto" tries, in order. WebGPU is left out: it is verified on a software driver only, and "auto" could
 * choose just that. So is CUDA where no NVIDIA driver is loaded: nothing but the processor can be meant there, and
 * nobody waits for an attempt.
 */
export function autoDevices({ backends, platform, exists }: Surroundings): readonly ConcreteDevice[] {
  const canHaveCuda = platform !== "linux" || nvidiaDrivers.some(exists);
  const gpus = (["cuda", "dml"] as const).filter(
    (device) => backends.includes(device) && (device !== "cuda" || canHaveCuda),
  );
  return [...gpus, "cpu"];
}

/** @param backends what onnxruntime-node knows here. */
export const autoDevicesHere = (backends: readonly string[]): readonly ConcreteDevice[] =>
  autoDevices({ backends, platform: process.platform, exists: existsSync });
