/** The decoder of a distribution, its means and the scales behind them, in thin strips and as a whole. */
import { afterAll, expect, test } from "vitest";
import { autoencoderKL, scaleShapes, type ScaledPixels } from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { smallModel } from "../train/small-recipe.ts";
import { expectSameInThinStrips } from "./thin-strips.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

test.each(["fixed", "shared", "per_channel", "per_value"] as const)("of a scale %s", async (scale) => {
  const { config, tensors } = smallModel();
  const likelihood: ScaledPixels = {
    distribution: "normal",
    scale,
    initialScale: 0.5,
    minScale: scale === "fixed" ? null : 0.01,
    levels: 256,
  };
  const generator = Generator.torch(1);
  const beside = [...scaleShapes(config, likelihood)].map(
    ([name, shape]) => [name, generator.uniform(shape, -0.2, 0.2)] as const,
  );
  const all = new Map([...tensors, ...beside]);
  const size = { batch: 1, height: 21, width: 5 };
  const graph = autoencoderKL.likelihood!.decoder(config, likelihood, size, (name) =>
    storeInMemory(name, all.get(name)!),
  );
  expect(graph.outputs[0]!.shape).toEqual([1, 6, 42, 10]);
  const { maps } = await expectSameInThinStrips(runtime, graph);
  expect(Math.max(...maps.map((strips) => strips.length))).toBeGreaterThan(3);
});
