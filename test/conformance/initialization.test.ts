/** A fresh model has, bit for bit, the weights that PyTorch gives it after torch.manual_seed. */
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/models/autoencoder-kl/config.ts";
import { AutoencoderKL, Generator } from "../../src/node/index.ts";
import { manifest, readJson } from "./fixtures.ts";

/** One parameter as the fixture states it: float32 values, exact as JSON numbers. */
interface ParameterStatistics {
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** In float64, so that a single changed value in the middle shows. */
  readonly sum: number;
}

interface InitializationFixture {
  readonly seed: number;
  readonly config: unknown;
  readonly parameters: Readonly<Record<string, ParameterStatistics>>;
}

describe.each(manifest.initialization)("the $name config", ({ golden }) => {
  test("starts from PyTorch's weights", async () => {
    const { seed, config: json, parameters } = readJson(golden) as InitializationFixture;
    const { config } = parseConfig(json, golden);
    await using vae = AutoencoderKL.fromConfig(config, { generator: Generator.torch(seed) });
    const state = await vae.stateDict();

    expect([...state.keys()].sort()).toEqual(Object.keys(parameters).sort());
    for (const [name, expected] of Object.entries(parameters)) {
      const { shape, data } = state.get(name)!.toFloat32();
      const sum = data.reduce((total, value) => total + value, 0);
      expect({ name, shape, first: [...data.slice(0, 4)], last: [...data.slice(-4)] }).toEqual({
        name,
        shape: expected.shape,
        first: expected.first,
        last: expected.last,
      });
      // Double sums of at most a few thousand values, in another order.
      expect(Math.abs(sum - expected.sum), name).toBeLessThan(1e-9);
    }
  });
});
