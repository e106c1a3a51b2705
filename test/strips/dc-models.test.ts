/** Models with linear attention, and with shortcuts around changes of resolution, in thin strips and as a whole: both halves, with every switch. */
import { afterAll, describe, expect, test } from "vitest";
import { openVae, type NodeVae } from "../../src/node/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { fixturePath, manifest } from "../conformance/fixtures.ts";
import { expectSameInThinStrips } from "./thin-strips.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

const models = [...manifest.dc_models, ...manifest.hunyuan_image].filter(({ tiled }) => !tiled);

describe.each(models)("$name", ({ folder }) => {
  let vae: NodeVae | undefined;
  afterAll(() => vae?.dispose());

  test.each([
    ["encoder", 60, 20],
    ["decoder", 15, 5],
  ] as const)("%s", async (half, height, width) => {
    vae ??= await openVae(fixturePath(folder), { device: "cpu" });
    const { segments, maps } = await expectSameInThinStrips(
      runtime,
      vae.graph(half, { batch: 1, height, width }),
    );
    expect(segments.map(({ kind }) => kind)).toContain("attention");
    expect(Math.max(...maps.map((strips) => strips.length))).toBeGreaterThan(3);
  });
});
