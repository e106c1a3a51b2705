/** Models with linear attention, and with shortcuts around changes of resolution, in thin strips and as a whole: both halves, with every switch. */
import { afterAll, describe, expect, test } from "vitest";
import { AutoencoderDC, openVae, type NodeVae } from "../../src/node/index.ts";
import { Generator } from "../../src/random/index.ts";
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

/** Wide enough that what each block adds to is kept: the models above compute such sums anew. */
test.each(["encoder", "decoder"] as const)("a wide %s computes each convolution once", async (half) => {
  const vae = AutoencoderDC.fromConfig(
    {
      latentChannels: 32,
      encoderBlockTypes: ["ResBlock", "EfficientViTBlock"],
      decoderBlockTypes: ["ResBlock", "EfficientViTBlock"],
      encoderBlockOutChannels: [16, 64],
      decoderBlockOutChannels: [16, 64],
      encoderLayersPerBlock: [1, 3],
      decoderLayersPerBlock: [1, 3],
      encoderQkvMultiscales: [[], [5]],
      decoderQkvMultiscales: [[], [5]],
    },
    { generator: Generator.philox(0), device: "cpu" },
  );
  const size = half === "encoder" ? { height: 60, width: 20 } : { height: 30, width: 10 };
  const { segments } = await expectSameInThinStrips(runtime, vae.graph(half, { batch: 1, ...size }));
  await vae.dispose();
  const convolutions = segments.flatMap(({ layers }) => layers.filter((layer) => !layer.includes("norm")));
  expect(convolutions).toContain(
    `${half}.${half === "encoder" ? "down" : "up"}_blocks.1.2.conv_out.conv_depth`,
  );
  expect(convolutions.toSorted()).toEqual([...new Set(convolutions)].toSorted());
});
