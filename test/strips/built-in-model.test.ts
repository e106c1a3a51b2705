/** The built-in model in strips gives the same numbers on every runtime, also when several pictures are on their way. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Generator } from "../../src/random/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { AssembledModel } from "../models-on-runtimes.ts";
import { openOn } from "../models-on-runtimes.ts";
import { runtimeNames, type RuntimeName } from "../runtime/runtimes.ts";

type Planes = Tensor<"float32">;

const folder = fileURLToPath(new URL("../../assets/default-vae", import.meta.url));
const generator = Generator.philox(31);
/** The bound for any picture. In strips the runtimes differ by 7e-6 at 512x512; at once, with other sums, by 1e-4. */
const tolerance = { absolute: 3e-4 };

const models = new Map<RuntimeName, AssembledModel>();
beforeAll(async () => {
  for (const name of runtimeNames) models.set(name, await openOn(name, folder));
});
afterAll(() => Promise.all([...models.values()].map((vae) => vae.dispose())));

const encode = async (vae: AssembledModel, x: Planes): Promise<Planes> =>
  (await vae.encode(x, { tiling: "exact" })).latentDist.mean;
const decode = async (vae: AssembledModel, z: Planes): Promise<Planes> =>
  (await vae.decode(z, { tiling: "exact" })).sample.toFloat32();

test("the runtimes agree on a picture of 56x40 pixels", async () => {
  const [node, web] = runtimeNames.map((name) => models.get(name)!) as [AssembledModel, AssembledModel];
  const pixels = generator.randn([1, 3, 40, 56]);
  const latents = generator.randn([1, 16, 5, 7]);
  expect(await encode(web, pixels)).toBeAllclose(await encode(node, pixels), tolerance);
  expect(await decode(web, latents)).toBeAllclose(await decode(node, latents), tolerance);
});

describe.each(runtimeNames)("%s", (name) => {
  test("pictures of several sizes on their way at once are those one after the other", async () => {
    const vae = models.get(name)!;
    const pictures = [
      [1, 3, 40, 56],
      [1, 3, 24, 32],
      [1, 3, 40, 56],
    ].map((shape) => generator.randn(shape));
    const latents = [
      [1, 16, 5, 7],
      [1, 16, 3, 4],
    ].map((shape) => generator.randn(shape));
    const calls = [
      ...pictures.map((x) => () => encode(vae, x)),
      ...latents.map((z) => () => decode(vae, z)),
      // At once, beside the strips.
      async () => (await vae.encode(pictures[1]!, { tiling: "off" })).latentDist.mean,
    ];
    const expected: Planes[] = [];
    for (const call of calls) expected.push(await call());
    const found = await Promise.all(calls.map((call) => call()));
    // The same sessions compute the same bits.
    found.forEach((result, index) => {
      expect(result).toBeAllclose(expected[index]!, { absolute: 0 });
    });
  });
});
