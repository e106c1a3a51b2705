import { describe, expect, test } from "vitest";
import { GraphBuilder, type Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { segmentation } from "./segments.ts";

/** Blocks that add to a sum: conv_in, then for each a 1x1 convolution, whose result the 3x3 one after it reads in strips. */
function blocks(channels: number, count: number): { name: string; convolutions: string[] }[] {
  const builder = new GraphBuilder("blocks");
  const conv = (name: string, x: Value, size: number): Value => {
    const weight = builder.constant(`${name}.w`, Tensor.zeros([channels, channels, size, size]));
    const pad = (size - 1) / 2;
    return builder.labelled({ layer: name }, () =>
      builder.apply("Conv", [x, weight], { strides: [1, 1], pads: [pad, pad, pad, pad] }),
    );
  };
  let sum = conv("in", builder.input("x", "float32", [1, channels, 8, 8]), 3);
  for (let block = 0; block < count; block++) {
    const added = conv(`${block}.near`, conv(`${block}.point`, sum, 1), 3);
    sum = builder.apply("Add", [added, sum], {});
  }
  const { segments } = segmentation(builder.build({ y: sum }));
  return segments.map((segment) => {
    if (segment.kind !== "local") throw new Error("not a local segment");
    const nodes = segment.steps.flatMap((step) => ("kind" in step ? [] : step));
    const convolutions = nodes.flatMap(({ operator, labels }) => (operator === "Conv" ? labels!.layer! : []));
    return { name: segment.outputs.map((output) => output.name).join(), convolutions };
  });
}

describe("a sum to which block after block adds", () => {
  // 9 · 32 multiplications for each element of the sum.
  test("is kept where it takes convolutions: each is computed in one segment", () => {
    expect(blocks(32, 3).map(({ convolutions }) => convolutions)).toEqual([
      ["in"],
      ["0.point"],
      ["0.near"],
      ["1.point"],
      ["1.near"],
      ["2.point"],
      ["2.near"],
    ]);
  });

  test("is the one map of a block that is kept beside what its second convolution reads", () => {
    expect(blocks(32, 2).map(({ name }) => name)).toEqual(["Conv", "Conv_1", "Add", "Conv_3", "y"]);
  });

  // 9 · 2 multiplications: fewer than it takes to write an element and to read it again.
  test("is computed anew where that is little", () => {
    expect(blocks(2, 2).map(({ convolutions }) => convolutions)).toEqual([
      ["in", "0.point"],
      ["in", "0.near", "1.point"],
      ["in", "0.near", "1.near"],
    ]);
  });
});
