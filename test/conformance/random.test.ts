/** Generator.torch(seed) draws torch.randn's numbers. */
import { describe, expect, test } from "vitest";
import { Generator } from "../../src/random/index.ts";
import { manifest, readGoldens } from "./fixtures.ts";

/** PyTorch's vectorised log, sine and cosine may differ from JavaScript's in the last bit. */
const tolerance = { absolute: 1e-6 };

describe.each(manifest.random)("$name", ({ golden }) => {
  const goldens = readGoldens(golden);
  const draws = goldens.names.filter((name) => !name.endsWith("_next"));

  test.each(draws)("draw %s (seed_count) and the one after it are PyTorch's", (name) => {
    const [seed, count] = name.split("_").map(Number);
    const generator = Generator.torch(seed!);
    expect(generator.randn([count!])).toBeAllclose(goldens.get(name), tolerance);
    expect(generator.randn([count!])).toBeAllclose(goldens.get(`${name}_next`), tolerance);
  });
});
