import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/index.ts";
import type { ModuleContext } from "../nn/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import {
  defaultPatchDiscriminatorConfig,
  patchDiscriminator,
  patchDiscriminatorShapes,
  type PatchDiscriminatorConfig,
} from "./patch-discriminator.ts";

/** The shape of the logits for pictures of `batch` x `channels` x `side` x `side`. */
function logitsShape(config: PatchDiscriminatorConfig, batch: number, side: number): readonly number[] {
  const builder = new GraphBuilder("test");
  const parameter: ModuleContext["parameter"] = (name, shape, viewShape = shape) => ({
    name,
    dtype: "float32",
    shape: viewShape,
  });
  const x = builder.input("x", "float32", [batch, config.inChannels, side, side]);
  return patchDiscriminator({ builder, parameter }, config, x).shape;
}

describe("the patch discriminator", () => {
  test("has taming's parameters, without biases in front of a batch norm", () => {
    const shapes = patchDiscriminatorShapes(defaultPatchDiscriminatorConfig);
    expect(Object.fromEntries(shapes)).toEqual({
      "main.0.weight": [64, 3, 4, 4],
      "main.0.bias": [64],
      "main.2.weight": [128, 64, 4, 4],
      "main.3.weight": [128],
      "main.3.bias": [128],
      "main.5.weight": [256, 128, 4, 4],
      "main.6.weight": [256],
      "main.6.bias": [256],
      "main.8.weight": [512, 256, 4, 4],
      "main.9.weight": [512],
      "main.9.bias": [512],
      "main.11.weight": [1, 512, 4, 4],
      "main.11.bias": [1],
    });
    expect([...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0)).toBe(2_765_633);
  });

  test("judges a picture of 256 x 256 in 30 x 30 patches", () => {
    expect(logitsShape(defaultPatchDiscriminatorConfig, 2, 256)).toEqual([2, 1, 30, 30]);
  });

  test("never has more than 8 times the base channels", () => {
    const shapes = patchDiscriminatorShapes({ ...defaultPatchDiscriminatorConfig, layerCount: 5 });
    expect(shapes.get("main.14.weight")).toEqual([512, 512, 4, 4]);
  });

  test("refuses a batch norm over one value", () => {
    const config = { ...defaultPatchDiscriminatorConfig, layerCount: 1 };
    expect(() => logitsShape(config, 1, 4)).toThrow("main.3: batch normalisation needs more than one value");
    expect(() => logitsShape({ ...config, norm: "group" }, 1, 6)).not.toThrow();
  });

  test("refuses channels that 32 groups do not divide, and less than one layer", () => {
    expect(() => patchDiscriminatorShapes({ ...defaultPatchDiscriminatorConfig, layerCount: 0 })).toThrow(
      "a whole number of layers, at least 1, found 0",
    );
    const odd = { ...defaultPatchDiscriminatorConfig, norm: "group", baseChannels: 20 } as const;
    expect(() => patchDiscriminatorShapes(odd)).toThrow("must be a multiple of 16, found 20");
  });
});
