/** What is refused on a device of browsers before anything is made for it. */
import { expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { refuseTinyMaps } from "./web-device.ts";

function graphOf(shape: Shape): Graph {
  const builder = new GraphBuilder("decoder");
  const x = builder.input("latents", "float32", shape);
  return builder.build({ sample: builder.apply("Relu", [x], {}) });
}

test("maps of which no side is 4 are refused in WebGPU, with what to do", () => {
  expect(() => {
    refuseTinyMaps(graphOf([1, 16, 1, 3]));
  }).toThrow(
    'decoder: expected maps of 4x4 or more, which onnxruntime-web computes right in WebGPU, found latents of [1, 16, 1, 3]. Use device: "cpu", or a larger picture.',
  );
});

test.each([[[1, 16, 4, 4]], [[1, 16, 1, 64]], [[2, 20]], [[2]]])("%j is none of them", (shape) => {
  expect(() => {
    refuseTinyMaps(graphOf(shape));
  }).not.toThrow();
});
