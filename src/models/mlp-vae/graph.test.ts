import { describe, expect, test } from "vitest";
import { Generator } from "../../random/index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { initializeMlpVae, iwaeMlpVae, mlpVaeShapes, pytorchExamplesMlpVae } from "./graph.ts";

const sumOf = ({ data }: Tensor<"float32">): number => data.reduce((sum, value) => sum + value, 0);

describe("the MLP VAE of pytorch/examples", () => {
  test("has its layers, in its order", () => {
    expect(Object.fromEntries(mlpVaeShapes(pytorchExamplesMlpVae))).toEqual({
      "fc1.weight": [400, 784],
      "fc1.bias": [400],
      "fc21.weight": [20, 400],
      "fc21.bias": [20],
      "fc22.weight": [20, 400],
      "fc22.bias": [20],
      "fc3.weight": [400, 20],
      "fc3.bias": [400],
      "fc4.weight": [784, 400],
      "fc4.bias": [784],
    });
  });

  test("starts with the numbers that PyTorch draws after manual_seed(1)", () => {
    const parameters = [...initializeMlpVae(pytorchExamplesMlpVae, Generator.torch(1)).values()];
    const sums = [
      7.93824739077121, 0.19703726627631113, -2.3468753230486072, -0.34193888457957655, 1.3957490631692053,
      -0.013367828680202365, -9.055430947544664, -4.557119187360513, 15.868678378442857, 0.5368894710627501,
    ];
    // PyTorch summed in double, too: 313,600 equal numbers give an equal sum but for the order.
    expect(parameters.map(sumOf)).toBeAllclose(sums, { absolute: 1e-9 });
    expect([...parameters[0]!.data.slice(0, 4)]).toEqual([
      0.018402257934212685, -0.015763510018587112, -0.0069236247800290585, 0.016763176769018173,
    ]);
  });
});

describe("the MLP VAE of the IWAE paper", () => {
  test("has 784-200-200-50 and as much back", () => {
    const sizes = [...mlpVaeShapes(iwaeMlpVae).values()].filter((shape) => shape.length === 2);
    expect(sizes).toEqual([
      [200, 784],
      [200, 200],
      [50, 200],
      [50, 200],
      [200, 50],
      [200, 200],
      [784, 200],
    ]);
  });

  test("starts with Glorot's range, biases of 0 and the pixels' mean as the output's bias", () => {
    const pixelMeans = Float32Array.from({ length: 784 }, (_, i) => (i < 392 ? 0 : 0.75));
    const parameters = initializeMlpVae(iwaeMlpVae, Generator.torch(0), { pixelMeans });
    const weight = parameters.get("encoder.0.weight")!.data;
    const bound = Math.sqrt(6 / 984);
    const largest = weight.reduce((most, value) => Math.max(most, value));
    const smallest = weight.reduce((least, value) => Math.min(least, value));
    expect([largest, smallest]).toBeAllclose([bound, -bound], { absolute: 1e-3 * bound });
    expect(Math.max(largest, -smallest)).toBeLessThanOrEqual(Math.fround(bound));
    expect(parameters.get("decoder.0.bias")!.data.every((value) => value === 0)).toBe(true);
    const bias = parameters.get("decoder.output.bias")!.data;
    expect([bias[0]!, bias[783]!]).toBeAllclose([Math.log(0.001 / 0.999), Math.log(3)], { absolute: 1e-6 });
  });
});
