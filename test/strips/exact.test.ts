/** A picture in strips is the picture at once: every model of the fixtures, both halves, sizes that do not divide evenly. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL } from "../../src/node/index.ts";
import type { Graph } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { compileStrips, StripExecutor, type CompileOptions } from "../../src/strips/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { fixturePath, manifest } from "../conformance/fixtures.ts";
import { createRuntime, runtimeNames, type RuntimeName } from "../runtime/runtimes.ts";

let runtime: Runtime;

/** The rounding of Winograd's tiles, of sums in another order and of attention in parts. */
const tolerance = { absolute: 2e-4 };

async function atOnce(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run({ [graph.inputs[0]!.name]: x });
  await session.dispose();
  return outputs[graph.outputs[0]!.name]!;
}

async function inStrips(graph: Graph, x: Tensor<"float32">, options: CompileOptions): Promise<Tensor> {
  const executor = new StripExecutor(runtime, compileStrips(graph, options));
  try {
    return await executor.run(x);
  } finally {
    await executor.dispose();
  }
}

/** Strips of four rows, the least. */
const thin: CompileOptions = { stripElements: 1, chooseTile: () => 4 };

const loaded = new Map<string, Promise<AutoencoderKL>>();

function load(folder: string): Promise<AutoencoderKL> {
  const vae = loaded.get(folder) ?? AutoencoderKL.fromPretrained(fixturePath(folder), { device: "cpu" });
  loaded.set(folder, vae);
  return vae;
}
afterAll(async () => {
  for (const vae of loaded.values()) await (await vae).dispose();
});

async function expectDecodesAsAtOnce(folder: string, height: number, width: number): Promise<void> {
  const vae = await load(folder);
  const graph = vae.graph("decoder", { batch: 1, height, width });
  const x = Generator.philox(5).randn([1, vae.config.latentChannels, height, width]);
  expect(await inStrips(graph, x, thin)).toBeAllclose(await atOnce(graph, x), tolerance);
}

async function expectEncodesAsAtOnce(folder: string, height: number, width: number): Promise<void> {
  const vae = await load(folder);
  const graph = vae.graph("encoder", { batch: 1, height, width });
  const x = Generator.philox(6).randn([1, vae.config.inChannels, height, width]);
  expect(await inStrips(graph, x, thin)).toBeAllclose(await atOnce(graph, x), tolerance);
}

/** Pixels whose every map, down to the one of `latents` rows or columns, has an odd length if `latents` is odd. */
async function oddPixels(folder: string, latents: number): Promise<number> {
  const factor = 2 ** ((await load(folder)).config.blockOutChannels.length - 1);
  return (latents + 1) * factor - 1;
}

/** Some folders hold goldens for several cases; here a model counts once. */
const models = [...new Map(manifest.models.map((model) => [model.folder, model])).values()];

/** One model with every kind of layer, and one without attention. */
const twoFolders = ["models/attention-blocks", "models/no-mid-attention"];

/** A program is the same on every runtime, and making sessions is what takes time: all models on one, and every kind of layer on the others. */
const isOn = (name: RuntimeName, folder: string): boolean =>
  name === runtimeNames[0] || folder === twoFolders[0];

describe.each(runtimeNames)("%s", (name) => {
  beforeAll(() => {
    runtime = createRuntime[name]();
  });
  afterAll(() => runtime.dispose());

  describe.each(models.filter(({ folder }) => isOn(name, folder)))("$folder ($covers)", ({ folder }) => {
    // 9 latents are two strips of four rows and one row; larger maps have strips between strips.
    test("decodes 9 x 5 latents as at once", () => expectDecodesAsAtOnce(folder, 9, 5));
    test("encodes as at once what becomes 9 x 5 latents by way of odd maps", async () =>
      expectEncodesAsAtOnce(folder, await oddPixels(folder, 9), await oddPixels(folder, 5)));
  });

  /** Other sizes run on these two. */
  describe.each(twoFolders.filter((folder) => isOn(name, folder)))("%s", (folder) => {
    test("decodes 6 x 9 latents as at once", () => expectDecodesAsAtOnce(folder, 6, 9));
    test("decodes a single latent as at once", () => expectDecodesAsAtOnce(folder, 1, 1));
    test("encodes 37 x 44 pixels as at once", () => expectEncodesAsAtOnce(folder, 37, 44));

    test("does not depend on the strips' height", async () => {
      const vae = await load(folder);
      const graph = vae.graph("decoder", { batch: 1, height: 11, width: 8 });
      const x = Generator.philox(7).randn([1, vae.config.latentChannels, 11, 8]);
      const whole = await atOnce(graph, x);
      for (const stripElements of [2 ** 10, 2 ** 13, 2 ** 30]) {
        const result = await inStrips(graph, x, { stripElements, chooseTile: () => undefined });
        expect(result).toBeAllclose(whole, tolerance);
      }
    });
  });

  test("strips of one map may be computed in different ways", async () => {
    const vae = await load("models/no-mid-attention");
    const graph = vae.graph("decoder", { batch: 1, height: 9, width: 5 });
    const x = Generator.philox(9).randn([1, vae.config.latentChannels, 9, 5]);
    // Only the last strip has one row: its convolutions take the weights as they are, the others' transformed.
    const chooseTile: CompileOptions["chooseTile"] = ({ output }) => (output.shape[2]! < 4 ? undefined : 4);
    const result = await inStrips(graph, x, { stripElements: 1, chooseTile });
    expect(result).toBeAllclose(await atOnce(graph, x), tolerance);
  });
});
