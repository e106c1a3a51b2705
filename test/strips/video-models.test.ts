/** Models of videos, whose normalisations are each pixel's own, in thin strips and as a whole: both halves, odd sizes. */
import { afterAll, describe, expect, test } from "vitest";
import { openVae, type NodeVae } from "../../src/node/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { fixturePath, manifest } from "../conformance/fixtures.ts";
import { expectSameInThinStrips } from "./thin-strips.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

const models = [...new Map(manifest.video_models.map((model) => [model.folder, model])).values()];

describe.each(models)("$folder ($covers)", ({ folder }) => {
  let vae: NodeVae;
  afterAll(() => vae.dispose());

  test("decodes 9 x 5 latents as a whole", async () => {
    vae = await openVae(fixturePath(folder), { device: "cpu" });
    await expectSameInThinStrips(runtime, vae.graph("decoder", { batch: 1, height: 9, width: 5 }));
  });

  test("encodes what becomes 9 x 5 latents as a whole, without statistics", async () => {
    const { spatialFactor, sizes } = vae.facts;
    // Where a side is cut, of odd maps.
    const rest = sizes === "down" ? spatialFactor - 1 : 0;
    const graph = vae.graph("encoder", {
      batch: 1,
      height: 9 * spatialFactor + rest,
      width: 5 * spatialFactor + rest,
    });
    const { operations } = await expectSameInThinStrips(runtime, graph);
    const runs = operations.flatMap((operation) => (operation.kind === "run" ? operation.of : []));
    expect(new Set(runs)).toEqual(new Set(["strip"]));
  });
});
