/** What of a device decides how pictures are computed there: the one table for all of them. */
import type { Provider } from "../cost/index.ts";
import { nativeMemory, wasmMemory, type MemoryModel } from "../memory/index.ts";
import type { StagedNormForm } from "../rewrite/index.ts";
import type { ConcreteDevice, Runtime } from "../runtime/index.ts";

export interface DeviceTraits {
  /** Strips stay in a processor's cache. Elsewhere they only take time, and are for what does not fit as a whole. */
  readonly gainsByStrips: boolean;
  /** How large a buffer may be. */
  readonly maxBufferBytes: number;
  /**
   * InstanceNormalization adds up a whole group one after another in float32: groups of as many elements go in two stages. Infinity
   * where it adds up otherwise.
   */
  readonly stagedNormFrom: number;
  /** By which operators. */
  readonly stagedNormForm: StagedNormForm;
  /** What computing there takes of the process. */
  readonly memory: MemoryModel;
}

/** Below this number the operator errs by less than 5e-5, and is as fast. */
const processor: DeviceTraits = {
  gainsByStrips: true,
  maxBufferBytes: Infinity,
  stagedNormFrom: 2 ** 16,
  stagedNormForm: "elementwise",
  memory: nativeMemory,
};

/** Its sums have four parts, where a processor's have up to sixteen: the latents of 512x512 pixels were off by 1e-4, now by 1e-5. */
const webAssembly: DeviceTraits = {
  ...processor,
  stagedNormFrom: 2 ** 13,
  stagedNormForm: "by kernels",
  memory: wasmMemory,
};

/**
 * The buffers are what drivers allow at least where there is a graphics processor for this. What else a provider needs for a right
 * result is the runtime's own affair: runtime/graph-for-device.ts.
 */
const graphics: DeviceTraits = {
  gainsByStrips: false,
  maxBufferBytes: 2 ** 30,
  stagedNormFrom: Infinity,
  stagedNormForm: "elementwise",
  memory: nativeMemory,
};

const traits: { readonly [K in Provider]: DeviceTraits } = {
  cpu: processor,
  wasm: webAssembly,
  webgpu: graphics,
  cuda: graphics,
  dml: graphics,
  coreml: graphics,
};

export const traitsOf = (provider: Provider): DeviceTraits => traits[provider];

/** What computes for a runtime on one of its devices. */
export const providerOf = ({ name }: Pick<Runtime, "name">, device: ConcreteDevice): Provider =>
  device === "cpu" && name === "onnxruntime-web" ? "wasm" : device;
