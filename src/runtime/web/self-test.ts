/** Whether a graphics processor computes what WebAssembly does: a small picture goes through the operators of an autoencoder on both. */
import { VaekitError } from "../../errors.ts";
import { GraphBuilder, type Graph, type Value } from "../../graph/index.ts";
import { sizeOf, type Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Runtime } from "../runtime.ts";

/** Ten times what drivers differ by; a wrong kernel differs by far more. */
const mostDifference = 1e-3;
const side = 32;
const channels = 32;

/** @throws RUNTIME where a number differs by more than 1e-3, or is none. */
export async function compareRuntimes(tested: Runtime, reference: Runtime): Promise<void> {
  const graph = sampleGraph();
  const found = await resultOf(tested, graph);
  const expected = await resultOf(reference, graph);
  // NaN stays NaN, and is no small difference.
  const largest = found.reduce((most, value, index) => Math.max(most, Math.abs(value - expected[index]!)), 0);
  if (largest <= mostDifference) return;
  const message = `WebGPU computes something else than WebAssembly on this machine (largest difference of a test picture: ${largest}); device: "cpu" is right.`;
  throw new VaekitError("RUNTIME", message);
}

async function resultOf(runtime: Runtime, graph: Graph): Promise<Float32Array> {
  const session = await runtime.createSession(graph);
  try {
    const { y } = await session.run({ x: numbers([1, 3, side, side], 1) });
    return y!.toFloat32().data;
  } finally {
    await session.dispose();
  }
}

/** A residual block, a downsampling, attention and an upsampling, as decoders have them. */
function sampleGraph(): Graph {
  const builder = new GraphBuilder("self-test");
  const weight = (name: string, shape: Shape): Value =>
    builder.constant(name, numbers(shape, 1 / Math.sqrt(sizeOf(shape.slice(1)))));
  const conv = (name: string, x: Value, out: number, kernel: number, stride = 1): Value => {
    const pad = (kernel - 1) / 2;
    const inputs = [x, weight(name, [out, x.shape[1]!, kernel, kernel])];
    return builder.apply("Conv", inputs, { strides: [stride, stride], pads: [pad, pad, pad, pad] });
  };
  const activated = (name: string, x: Value): Value => {
    const groups = builder.apply("Reshape", [x], { shape: [1, 8, sizeOf(x.shape) / 8] });
    const scales = [`${name}_scale`, `${name}_shift`].map((each) => weight(each, [8]));
    const normal = builder.apply("InstanceNormalization", [groups, ...scales], { epsilon: 1e-6 });
    const same = builder.apply("Reshape", [normal], { shape: x.shape });
    return builder.apply("Mul", [same, builder.apply("Sigmoid", [same], {})], {});
  };
  const x = builder.input("x", "float32", [1, 3, side, side]);
  const first = conv("first", x, channels, 3);
  const block = builder.apply("Add", [first, conv("block", activated("norm", first), channels, 3)], {});
  const half = conv("down", block, channels, 3, 2);
  const whole = builder.apply("Resize", [attended(builder, half)], { scales: [2, 2] });
  return builder.build({ y: conv("last", activated("last_norm", whole), 3, 3) });
}

/** Every pixel [1, C, H, W] with a mean of all by their likeness. */
function attended(builder: GraphBuilder, x: Value): Value {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const rows = builder.apply("Reshape", [x], { shape: [1, channels, height * width] });
  const columns = builder.apply("Transpose", [rows], { perm: [0, 2, 1] });
  const likeness = builder.apply("Softmax", [builder.apply("MatMul", [columns, rows], {})], { axis: 2 });
  const means = builder.apply("MatMul", [likeness, columns], {});
  const back = builder.apply("Transpose", [means], { perm: [0, 2, 1] });
  return builder.apply("Add", [x, builder.apply("Reshape", [back], { shape: x.shape })], {});
}

/** The same in every run: between -scale and scale, without a pattern. */
function numbers(shape: Shape, scale: number): Tensor<"float32"> {
  const data = Float32Array.from(
    { length: sizeOf(shape) },
    (_, index) => scale * Math.sin(index * index + 1),
  );
  return Tensor.from(data, shape);
}
