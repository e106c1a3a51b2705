/** What a page computes with on a graphics processor: WebGPU's device, and what becomes of it. */
import { messageOf, VaekitError } from "../../errors.ts";
import { findAdapter } from "./graphics-adapter.ts";
import { LostDeviceError } from "./lost-device.ts";

/** How long a failure waits for the news that the device is lost, which would explain it. */
const newsMilliseconds = 500;

export class GraphicsDevice {
  readonly device: GPUDevice;
  /** No tensor of a graph can be larger. */
  readonly maxBufferBytes: number;
  readonly #lost: Promise<void>;
  #failure: string | undefined;

  constructor(device: GPUDevice) {
    this.device = device;
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    this.maxBufferBytes = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    this.#lost = device.lost.then(({ message }) => {
      this.#failure ??= `WebGPU's device was lost (${message || "the browser does not say why"}).`;
    });
    device.addEventListener("uncapturederror", ({ error }) => {
      this.#failure ??= `WebGPU's device failed (${error.message}).`;
    });
  }

  /** @throws UNSUPPORTED where the browser has none. */
  static async open(): Promise<GraphicsDevice> {
    const adapter = await findAdapter().catch((error: unknown) => noDevice(messageOf(error)));
    if (adapter === undefined) return noDevice("the browser has no graphics processor for it");
    // All that there is: what a program does not ask for it does not get.
    const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
    const {
      maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension,
      maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX,
      maxComputeWorkgroupSizeY,
      maxComputeWorkgroupSizeZ,
    } = adapter.limits;
    const device = await adapter
      .requestDevice({
        requiredFeatures: (["shader-f16", "subgroups"] as const).filter((name) => adapter.features.has(name)),
        requiredLimits: {
          maxBufferSize,
          maxStorageBufferBindingSize,
          maxStorageBuffersPerShaderStage,
          maxComputeWorkgroupStorageSize,
          maxComputeWorkgroupsPerDimension,
          maxComputeInvocationsPerWorkgroup,
          maxComputeWorkgroupSizeX,
          maxComputeWorkgroupSizeY,
          maxComputeWorkgroupSizeZ,
        },
      })
      .catch((error: unknown) => noDevice(messageOf(error)));
    return new GraphicsDevice(device);
  }

  get isLost(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Work of the device, which would wait for ever if it were lost.
   *
   * @throws LostDeviceError when the device is lost meanwhile, or has reported an error.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#check();
    const working = work();
    // Where the device is lost first, nobody hears of it.
    working.catch(() => undefined);
    try {
      await Promise.race([working, this.#lost]);
    } catch (error) {
      await Promise.race([this.#lost, new Promise((resolve) => setTimeout(resolve, newsMilliseconds))]);
      this.#check(error);
      throw error;
    }
    this.#check();
    return working;
  }

  #check(cause?: unknown): void {
    if (this.#failure !== undefined) throw new LostDeviceError("RUNTIME", this.#failure, { cause });
  }
}

function noDevice(reason: string): never {
  throw new VaekitError("UNSUPPORTED", `device: "webgpu" is not available here: ${reason}.`);
}
