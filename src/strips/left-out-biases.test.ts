import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { leftOutBiases } from "./left-out-biases.ts";
import { segmentation } from "./segments.ts";

const channels = 4;

/** Layers of one width, of which only what they read and make counts here. */
class Layers {
  readonly builder = new GraphBuilder("layers");
  readonly input = this.builder.input("x", "float32", [1, channels, 8, 8]);

  conv(x: Value, name: string): Value {
    const weight = this.builder.constant(`${name}.weight`, Tensor.zeros([channels, channels, 3, 3]));
    const bias = this.builder.constant(`${name}.bias`, Tensor.zeros([channels]));
    return this.builder.apply("Conv", [x, weight, bias], { strides: [1, 1], pads: [1, 1, 1, 1] });
  }

  norm(x: Value, name: string): Value {
    const weight = this.builder.constant(`${name}.weight`, Tensor.zeros([channels, 1, 1]));
    const bias = this.builder.constant(`${name}.bias`, Tensor.zeros([channels, 1, 1]));
    const output = this.builder.apply("Add", [this.builder.apply("Mul", [x, weight], {}), bias], {});
    const inputs = [x, weight, bias] as const;
    return this.builder.composite({ kind: "GroupNormalization", inputs, output, groups: 2, epsilon: 1e-6 });
  }

  sum(a: Value, b: Value): Value {
    return this.builder.apply("Add", [a, b], {});
  }

  /** x + conv2(norm2(conv1(norm1(x)))) */
  block(x: Value, name: string): Value {
    const inner = this.conv(this.norm(x, `${name}.norm1`), `${name}.conv1`);
    return this.sum(x, this.conv(this.norm(inner, `${name}.norm2`), `${name}.conv2`));
  }
}

/** The names of the biases, by what each value is called in the test. */
function namesOf(graph: Graph, values: Readonly<Record<string, Value>>) {
  const { lacking, restored } = leftOutBiases(graph, segmentation(graph));
  const names = (biases: ReadonlyMap<string, readonly Value[]>): Record<string, string[]> =>
    Object.fromEntries(
      Object.entries(values).flatMap(([key, { name }]) => {
        const found = biases.get(name);
        return found === undefined ? [] : [[key, found.map((bias) => bias.name)]];
      }),
    );
  return { lacking: names(lacking), restored: names(restored) };
}

describe("biases are left out", () => {
  test("where the result is only normalised", () => {
    const layers = new Layers();
    const first = layers.conv(layers.input, "first");
    const second = layers.conv(layers.norm(first, "norm"), "second");
    expect(namesOf(layers.builder.build({ y: second }), { first, second })).toEqual({
      lacking: { first: ["first.bias"] },
      restored: {},
    });
  });

  test("along a chain of residual blocks, and given back where it ends", () => {
    const layers = new Layers();
    const start = layers.conv(layers.input, "start");
    const one = layers.block(start, "one");
    const two = layers.block(one, "two");
    const end = layers.conv(two, "end");
    expect(namesOf(layers.builder.build({ y: end }), { start, one, two, end })).toEqual({
      lacking: { start: ["start.bias"], one: ["start.bias", "one.conv2.bias"] },
      restored: { two: ["start.bias", "one.conv2.bias", "two.conv2.bias"] },
    });
  });

  test("but not where a convolution reads the result, too", () => {
    const layers = new Layers();
    const read = layers.conv(layers.input, "read");
    const y = layers.conv(layers.sum(layers.norm(read, "norm"), layers.conv(read, "other")), "end");
    expect(namesOf(layers.builder.build({ y }), { read }).lacking).toEqual({});
  });
});
