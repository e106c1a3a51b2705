/** What of a device decides how pictures are computed there: the one table for all of them. */
import type { Provider } from "../cost/index.ts";
import type { ConcreteDevice, Runtime } from "../runtime/index.ts";

export interface DeviceTraits {
  /** Strips stay in a processor's cache. Elsewhere they only take time, and are for what does not fit as a whole. */
  readonly gainsByStrips: boolean;
  /** How large a buffer may be. */
  readonly maxBufferBytes: number;
  /** InstanceNormalization adds up a whole group one after another in float32: large groups go in two stages. */
  readonly needsStagedNorm: boolean;
}

const processor: DeviceTraits = { gainsByStrips: true, maxBufferBytes: Infinity, needsStagedNorm: true };

/**
 * The buffers are what drivers allow at least where there is a graphics processor for this. What else a provider needs for a right
 * result is the runtime's own affair: runtime/graph-for-device.ts.
 */
const graphics: DeviceTraits = { gainsByStrips: false, maxBufferBytes: 2 ** 30, needsStagedNorm: false };

const traits: { readonly [K in Provider]: DeviceTraits } = {
  cpu: processor,
  wasm: processor,
  webgpu: graphics,
  cuda: graphics,
  dml: graphics,
  coreml: graphics,
};

export const traitsOf = (provider: Provider): DeviceTraits => traits[provider];

/** What computes for a runtime on one of its devices. */
export const providerOf = ({ name }: Pick<Runtime, "name">, device: ConcreteDevice): Provider =>
  device === "cpu" && name === "onnxruntime-web" ? "wasm" : device;
