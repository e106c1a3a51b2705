import { expect, test } from "vitest";
import { GraphBuilder, print, verify, type Graph, type Node } from "../graph/index.ts";
import { gradients } from "./index.ts";

/** y = Σ tanh(tanh(x · w)), with the two tanh in a block. */
function graph(recompute: ((node: Node) => string | undefined) | undefined): Graph {
  const builder = new GraphBuilder("example");
  const x = builder.input("x", "float32", [2, 3]);
  const w = builder.input("w", "float32", [3]);
  const product = builder.apply("Mul", [x, w], {});
  const inner = builder.scope("block", () => builder.apply("Tanh", [product], {}));
  const outer = builder.scope("block", () => builder.apply("Tanh", [inner], {}));
  const loss = builder.apply("ReduceSum", [outer], { axes: [0, 1], keepdims: false });
  const [dw] = gradients(builder, [{ value: loss }], [w], recompute === undefined ? {} : { recompute });
  return builder.build({ loss, dw: dw! });
}

const inBlock = ({ output }: Node): string | undefined => /^(block)\//.exec(output.name)?.[1];

test("a block's inside is computed again from its inputs, after the gradient has arrived", () => {
  const checkpointed = graph(inBlock);
  verify(checkpointed);
  const text = print(checkpointed);
  expect(text.match(/= Tanh\(/g)).toHaveLength(4);
  expect(text).toMatch(/gradients\/Add: float32\[2, 3\] = Add\(Mul, gradients\/Mul\)/);
  expect(text).toMatch(/gradients\/Tanh: float32\[2, 3\] = Tanh\(gradients\/Add\)/);
});

test("without blocks every value of the forward pass is kept", () => {
  expect(print(graph(undefined)).match(/= Tanh\(/g)).toHaveLength(2);
});
