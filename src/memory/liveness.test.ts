import { describe, expect, test } from "vitest";
import { binaryOperators } from "../../test/graph/operators.ts";
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { liveBytes, peakBytes } from "./liveness.ts";

/** Bytes of one map of the graphs below: 4 channels, 8 x 8 pixels. */
const map = 4 * 8 * 8 * 4;

function graphOf(build: (builder: GraphBuilder, x: Value) => Value): Graph {
  const builder = new GraphBuilder("test");
  return builder.build({ y: build(builder, builder.input("x", "float32", [1, 4, 8, 8])) });
}

const conv = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("Conv", [x, builder.constant("w", Tensor.zeros([4, x.shape[1]!, 3, 3]))], {
    strides: [1, 1],
    pads: [1, 1, 1, 1],
  });
const relu = (builder: GraphBuilder, x: Value): Value => builder.apply("Relu", [x], {});

describe("the temporaries of a graph", () => {
  test("are none where the only result is the caller's", () => {
    expect(peakBytes(graphOf(conv))).toBe(0);
    expect(peakBytes(graphOf(conv), { ownsOutputs: true })).toBe(map);
  });

  test("are the input and the output of a step, not what came before", () => {
    const chain = graphOf((builder, x) => conv(builder, conv(builder, conv(builder, conv(builder, x)))));
    expect(peakBytes(chain)).toBe(2 * map);
  });

  test("stay while something later reads them", () => {
    const skip = graphOf((builder, x) => {
      const early = conv(builder, x);
      const late = conv(builder, conv(builder, conv(builder, early)));
      return conv(builder, builder.apply("Add", [late, early], {}));
    });
    expect(peakBytes(skip)).toBe(3 * map);
  });

  test("are not doubled by what works in place", () => {
    const inPlace = graphOf((builder, x) => conv(builder, relu(builder, relu(builder, conv(builder, x)))));
    expect(peakBytes(inPlace)).toBe(map);
  });

  test("are doubled where the original is read once more", () => {
    const gated = graphOf((builder, x) => {
      const before = conv(builder, x);
      const gate = builder.apply("Sigmoid", [before], {});
      return conv(builder, builder.apply("Mul", [before, gate], {}));
    });
    expect(peakBytes(gated)).toBe(2 * map);
  });

  test("are not touched by another shape, but copied when that is a result", () => {
    const inside = graphOf((builder, x) => {
      const flat = builder.apply("Reshape", [conv(builder, x)], { shape: [1, 4, 4, 16] });
      return conv(builder, flat);
    });
    expect(peakBytes(inside)).toBe(map);
    const result = graphOf((builder, x) => builder.apply("Reshape", [conv(builder, x)], { shape: [1, 256] }));
    expect(peakBytes(result)).toBe(map);
  });

  test("do not hold a transposition that a product takes in", () => {
    const square = (builder: GraphBuilder, x: Value): [Value, Value] => {
      const y = conv(builder, x);
      return [y, builder.apply("Transpose", [y], { perm: [0, 1, 3, 2] })];
    };
    const product = graphOf((builder, x) => {
      const [y, turned] = square(builder, x);
      return builder.apply("MatMul", [y, turned], {});
    });
    expect(peakBytes(product)).toBe(map);
    const later = graphOf((builder, x) => {
      const y = builder.apply("Transpose", [conv(builder, x)], { perm: [0, 1, 3, 2] });
      const other = conv(builder, conv(builder, x));
      return builder.apply("MatMul", [other, y], {});
    });
    expect(peakBytes(later)).toBe(3 * map);
    const both = graphOf((builder, x) => {
      const [y, turned] = square(builder, x);
      return builder.apply("Concat", [y, turned], { axis: 1 });
    });
    expect(peakBytes(both)).toBe(2 * map);
  });

  test("are told of each node, with the inputs and outputs where these count", () => {
    const chain = graphOf((builder, x) => conv(builder, relu(builder, conv(builder, x))));
    expect(liveBytes(chain)).toEqual([map, map, map]);
    expect(liveBytes(chain, { ownsOutputs: true })).toEqual([map, map, 2 * map]);
    expect(liveBytes(chain, { ownsInputs: true, ownsOutputs: true })).toEqual([2 * map, 2 * map, 3 * map]);
  });

  test("do not take the place of an input, which is the caller's", () => {
    const activated = graphOf((builder, x) => conv(builder, relu(builder, x)));
    expect(peakBytes(activated)).toBe(map);
    expect(peakBytes(activated, { ownsInputs: true })).toBe(2 * map);
  });

  test("are as large as their dtype", () => {
    const double = graphOf((builder, x) => {
      const wide = builder.apply("Cast", [x], { to: "float64" });
      return builder.apply("Cast", [builder.apply("Sqrt", [wide], {})], { to: "float32" });
    });
    expect(peakBytes(double)).toBe(2 * map);
  });

  test("hold the unrolled picture of a convolution with more filters than pixels", () => {
    const builder = new GraphBuilder("test");
    const x = builder.input("x", "float32", [1, 4, 2, 2]);
    const weight = builder.constant("w", Tensor.zeros([16, 4, 3, 3]));
    const y = builder.apply("Conv", [x, weight], { strides: [1, 1], pads: [1, 1, 1, 1] });
    expect(peakBytes(builder.build({ y }))).toBe(4 * 4 * 9 * 4);
  });
});

/** What each node of a graph needs, its inputs and outputs aside. */
const during = (build: (builder: GraphBuilder, x: Value) => Value): readonly number[] =>
  liveBytes(graphOf(build));

describe("an operator", () => {
  const ownBuffer = ["Sign"] as const;
  const inPlace = ["Abs", "Erf", "Exp", "Log", "Neg", "Relu", "Sigmoid", "Softplus", "Sqrt", "Tanh"] as const;

  test.each(inPlace)("%s takes the place of what nobody reads any more", (operator) => {
    expect(during((builder, x) => conv(builder, builder.apply(operator, [conv(builder, x)], {})))).toEqual([
      map,
      map,
      map,
    ]);
  });

  test.each(ownBuffer)("%s has a buffer of its own", (operator) => {
    expect(during((builder, x) => conv(builder, builder.apply(operator, [conv(builder, x)], {})))).toEqual([
      map,
      2 * map,
      map,
    ]);
  });

  test.each(binaryOperators)("%s takes the place of its second input, too", (operator) => {
    const built = (builder: GraphBuilder, x: Value): Value => {
      const [kept, free] = [conv(builder, x), conv(builder, x)];
      const y = builder.apply(operator, [kept, free], {});
      return builder.apply("Concat", [y, kept], { axis: 1 });
    };
    expect(during(built)).toEqual([map, 2 * map, 2 * map, 2 * map]);
  });

  test("takes no place of another size", () => {
    const built = (builder: GraphBuilder, x: Value): Value => {
      const one = builder.apply("ReduceMean", [conv(builder, x)], { axes: [1], keepdims: true });
      return conv(builder, builder.apply("Add", [x, one], {}));
    };
    expect(during(built)).toEqual([map, map + map / 4, map + map / 4, map]);
  });

  test("keeps what is read again, and lets it go after the last reader", () => {
    const built = (builder: GraphBuilder, x: Value): Value => {
      const first = conv(builder, x);
      const second = relu(builder, first);
      const third = builder.apply("Add", [first, second], {});
      return conv(builder, third);
    };
    expect(during(built)).toEqual([map, 2 * map, 2 * map, map]);
  });

  test("that is a convolution unrolls the picture where it has more filters than pixels, in bytes of its dtype", () => {
    const unrolled = (
      outChannels: number,
      side: number,
      dtype: "float32" | "float64" = "float32",
    ): number => {
      const builder = new GraphBuilder("one");
      const x = builder.input("x", dtype, [1, 2, 2, 2]);
      const w = builder.input("w", dtype, [outChannels, 2, side, side]);
      const pad = (side - 1) / 2;
      return peakBytes(
        builder.build({ y: builder.apply("Conv", [x, w], { strides: [1, 1], pads: [pad, pad, pad, pad] }) }),
      );
    };
    expect(unrolled(5, 3)).toBe(4 * 18 * 4);
    expect(unrolled(4, 3)).toBe(0);
    expect(unrolled(5, 1)).toBe(0);
    expect(unrolled(5, 3, "float64")).toBe(4 * 18 * 8);
  });
});
