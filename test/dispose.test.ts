/** What is disposed refuses every call with DISPOSED, also the calls under way; on every runtime. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../src/graph/index.ts";
import { AutoencoderKL, Generator } from "../src/node/index.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { Autoencoder, Mlp, runtimes } from "./small-models.ts";

const pixels = (side = 16): Tensor<"float32"> => Generator.torch(1).randn([1, 3, side, side]);
const latents = (side = 8): Tensor<"float32"> => Generator.torch(1).randn([1, 4, side, side]);
const size = { batch: 1, height: 8, width: 8 };

const lateRejections: unknown[] = [];
const listen = (reason: unknown): void => void lateRejections.push(reason);
process.on("unhandledRejection", listen);
afterEach(() => {
  expect(lateRejections).toEqual([]);
});

describe.each(Object.entries(runtimes))("in %s", (_, createRuntime) => {
  const disposed = { code: "DISPOSED", message: "damaged: the model was disposed." };

  describe("a disposed model", () => {
    const vae = Autoencoder.of(createRuntime());
    beforeAll(async () => {
      await vae.encode(pixels());
      await vae.dispose();
    });

    test.each<[string, (vae: Autoencoder) => Promise<unknown>]>([
      ["encode", (vae) => vae.encode(pixels())],
      ["encode of another size", (vae) => vae.encode(pixels(24))],
      ["decode", (vae) => vae.decode(latents())],
      ["decode in strips", (vae) => vae.decode(latents(), { tiling: "exact" })],
      ["forward", (vae) => vae.forward(pixels())],
      ["plan", (vae) => vae.plan("encoder", size)],
      ["exportOnnx", (vae) => vae.exportOnnx("decoder", size)],
      ["stateDict", (vae) => vae.stateDict()],
    ])("refuses %s", async (_name, call) => {
      await expect(call(vae)).rejects.toMatchObject(disposed);
    });
  });

  test("a disposed model keeps what it knows by itself", async () => {
    const vae = Autoencoder.of(createRuntime());
    await vae.dispose();
    expect(vae.spatialFactor).toBe(2);
    expect(vae.parameterTable().length).toBeGreaterThan(0);
    expect(vae.graph("decoder", size).outputs[0]!.shape).toEqual([1, 3, 16, 16]);
    expect(vae.denormalizeLatents(vae.normalizeLatents(latents())).shape).toEqual([1, 4, 8, 8]);
  });

  test.each([
    ["at once", { tiling: "off" }],
    ["in strips", { tiling: "exact" }],
    ["in tiles", { tiling: "diffusers" }],
  ] as const)("dispose ends the calls under way and those that wait, %s", async (_name, options) => {
    const vae = Autoencoder.of(createRuntime());
    await vae.decode(latents());
    const calls = [vae.decode(latents(24), options), vae.encode(pixels(32), options), vae.forward(pixels())];
    const rejected = calls.map((call) => expect(call).rejects.toMatchObject(disposed));
    await Promise.all([vae.dispose(), ...rejected, vae.dispose()]);
    await vae.dispose();
    await expect(vae.decode(latents())).rejects.toMatchObject(disposed);
  });

  test("dispose while a call tells of its progress ends that call", async () => {
    const vae = Autoencoder.of(createRuntime());
    const onProgress = (): void => void vae.dispose();
    await expect(vae.decode(latents(), { onProgress })).rejects.toMatchObject(disposed);
  });

  test("a disposed MLP refuses its calls, also those under way", async () => {
    const vae = Mlp.of(createRuntime());
    const call = expect(vae.encode(Tensor.zeros([1, 6]))).rejects.toMatchObject(disposed);
    await Promise.all([vae.dispose(), call]);
    await vae.dispose();
    await expect(vae.encode(Tensor.zeros([1, 6]))).rejects.toMatchObject(disposed);
    await expect(vae.decode(Tensor.zeros([1, 2]))).rejects.toMatchObject(disposed);
  });

  test("await using disposes models and runtimes", async () => {
    let outer: Autoencoder;
    {
      await using vae = Autoencoder.of(createRuntime());
      outer = vae;
      await vae.decode(latents());
    }
    await expect(outer.decode(latents())).rejects.toMatchObject(disposed);
  });

  test("a disposed runtime makes nothing, and what it made can still be disposed", async () => {
    const runtime = createRuntime();
    const builder = new GraphBuilder("double");
    const x = builder.input("x", "float32", [2]);
    const graph = builder.build({ y: builder.apply("Add", [x, x], {}) });
    const session = await runtime.createSession(graph);
    const state = await runtime.createState({ w: Tensor.zeros([2]) });
    const workspace = await runtime.createWorkspace({ size: 4 });
    const making = expect(runtime.createSession(graph)).rejects.toMatchObject({ code: "DISPOSED" });
    await Promise.all([runtime.dispose(), making]);
    await runtime.dispose();
    for (const refused of [
      session.run({ x: Tensor.zeros([2]) }),
      runtime.createSession(graph),
      runtime.createState({}),
      runtime.createWorkspace({ size: 4 }),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: "DISPOSED" });
    }
    for (const each of [session, state, workspace, session]) await each.dispose();
  });
});

test("a disposed model leaves nothing that keeps the process alive, and is not saved", async () => {
  const config = {
    blockOutChannels: [4],
    downBlockTypes: ["DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D"],
    normNumGroups: 2,
  } as const;
  const vae = AutoencoderKL.fromConfig(config, { device: "cpu" });
  await vae.dispose();
  const before = process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
  await expect(vae.savePretrained("nowhere")).rejects.toMatchObject({ code: "DISPOSED" });
  await expect(vae.decode(latents())).rejects.toMatchObject({ code: "DISPOSED" });
  expect(process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length).toBe(before);
});
