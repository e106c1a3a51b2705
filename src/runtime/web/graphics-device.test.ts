/** A device that is lost, with a stand-in for the browser's. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { findAdapter, isSoftware } from "./graphics-adapter.ts";
import { GraphicsDevice } from "./graphics-device.ts";
import { LostDeviceError } from "./lost-device.ts";

type Listener = (event: { error: { message: string } }) => void;

function standIn() {
  let lose: (info: { message: string }) => void = () => undefined;
  const listeners: Listener[] = [];
  const gpu = {
    limits: { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 27 },
    lost: new Promise((resolve) => (lose = resolve)),
    addEventListener: (_: string, listener: Listener) => listeners.push(listener),
  };
  const report = (message: string): void => {
    for (const listener of listeners) listener({ error: { message } });
  };
  return { device: new GraphicsDevice(gpu as unknown as GPUDevice), lose, report };
}

const never = (): Promise<never> => new Promise(() => undefined);

describe("a graphics device", () => {
  test("has tensors as large as one binding allows", () => {
    expect(standIn().device.maxBufferBytes).toBe(2 ** 27);
  });

  test("lets its work through, and failures that are not its own", async () => {
    const { device } = standIn();
    expect(await device.during(() => Promise.resolve(7))).toBe(7);
    const failure = new Error("no such operator");
    await expect(device.during(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(device.isLost).toBe(false);
  });

  test("ends work that would wait for ever when it is lost, and takes no more", async () => {
    const { device, lose } = standIn();
    const working = device.during(never);
    lose({ message: "the driver was restarted" });
    await expect(working).rejects.toThrow(LostDeviceError);
    await expect(device.during(() => Promise.resolve(7))).rejects.toMatchObject({
      code: "RUNTIME",
      message: "WebGPU's device was lost (the driver was restarted).",
    });
    expect(device.isLost).toBe(true);
  });

  test("trusts no result beside which it has reported an error", async () => {
    const { device, report } = standIn();
    const work = (): Promise<number> => {
      report("Buffer size (151781376) exceeds the limit");
      return Promise.resolve(0);
    };
    await expect(device.during(work)).rejects.toThrow(
      "WebGPU's device failed (Buffer size (151781376) exceeds the limit).",
    );
  });

  test("explains a failure by the loss of which the news comes later", async () => {
    const { device, lose } = standIn();
    const working = device.during(() => {
      setTimeout(() => {
        lose({ message: "" });
      }, 5);
      return Promise.reject(new Error("mapping failed"));
    });
    await expect(working).rejects.toThrow("was lost (the browser does not say why)");
  });
});

describe("where there is none", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test.each([undefined, {}, { gpu: { requestAdapter: () => Promise.resolve(null) } }])(
    "(%j) it is said",
    async (navigator) => {
      vi.stubGlobal("navigator", navigator);
      expect(await findAdapter()).toBeUndefined();
      await expect(GraphicsDevice.open()).rejects.toMatchObject({
        code: "UNSUPPORTED",
        message: 'device: "webgpu" is not available here: the browser has no graphics processor for it.',
      });
    },
  );
});

test.each([
  [{ vendor: "google", architecture: "swiftshader" }, true],
  [{ vendor: "mesa", description: "llvmpipe (LLVM 19, 256 bits)" }, true],
  [{ description: "Microsoft Basic Render Driver" }, true],
  [{ vendor: "someone", isFallbackAdapter: true }, true],
  [{ vendor: "nvidia", architecture: "ampere" }, false],
])("the adapter %j is software: %j", (info, expected) => {
  const nothing = { vendor: "", architecture: "", device: "", description: "", isFallbackAdapter: false };
  expect(isSoftware({ info: { ...nothing, ...info } as GPUAdapterInfo })).toBe(expected);
});
