/** Shape inference: the type of each operator's output from its inputs, and the checks that they fit. */
import { VaekitError } from "../errors.ts";
import { formatShape, sameShape, sizeOf, type Shape } from "../tensor/shape.ts";
import type { Value, ValueType } from "./graph.ts";
import type { OperatorAttributes, OperatorName, Reduction } from "./operators.ts";

type Rule<K extends OperatorName> = (
  inputs: readonly Value[],
  attributes: OperatorAttributes[K],
) => ValueType;

function fail(operator: OperatorName, message: string): never {
  throw new VaekitError("INVALID_ARGUMENT", `${operator}: ${message}`);
}

function take(operator: OperatorName, inputs: readonly Value[], count: number): readonly Value[] {
  if (inputs.length !== count) fail(operator, `expected ${count} inputs, found ${inputs.length}.`);
  const [first] = inputs;
  const other = inputs.find((input) => input.dtype !== first?.dtype);
  if (other !== undefined) {
    fail(operator, `expected one dtype, found ${first?.dtype} and ${other.dtype} (${other.name}).`);
  }
  return inputs;
}

/** The numpy broadcast of two shapes. */
function broadcast(operator: OperatorName, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      fail(operator, `expected shapes that broadcast, found ${formatShape(a)} and ${formatShape(b)}.`);
    }
    return left === 1 ? right : left;
  });
}

function unary(operator: OperatorName): (inputs: readonly Value[]) => ValueType {
  return (inputs) => {
    const [x] = take(operator, inputs, 1);
    return { dtype: x!.dtype, shape: x!.shape };
  };
}

function binary(operator: OperatorName): (inputs: readonly Value[]) => ValueType {
  return (inputs) => {
    const [a, b] = take(operator, inputs, 2);
    return { dtype: a!.dtype, shape: broadcast(operator, a!.shape, b!.shape) };
  };
}

function inferConv(
  inputs: readonly Value[],
  { strides, pads, group = 1 }: OperatorAttributes["Conv"],
): ValueType {
  const [x, weight, bias] = take("Conv", inputs, inputs.length === 3 ? 3 : 2);
  const stackAxis = stackAxisOf(weight!.shape);
  if (weight!.shape.length !== x!.shape.length || (x!.shape.length !== 4 && stackAxis === undefined)) {
    const expected =
      "expected x [N, C, H, W] with a kernel [Cout, C, kH, kW], or a stack [N, C, D, H, W] with [Cout, C, 1, kH, kW] or [N, C, H, W, D] with [Cout, C, kH, kW, 1]";
    fail("Conv", `${expected}, found ${formatShape(x!.shape)} and ${formatShape(weight!.shape)}.`);
  }
  const [batch, channels] = x!.shape as [number, number];
  const [outChannels, inChannels] = weight!.shape as [number, number];
  if (channels !== inChannels * group) {
    fail(
      "Conv",
      `expected ${inChannels * group} channels for ${weight!.name}, found ${formatShape(x!.shape)}.`,
    );
  }
  if (outChannels % group !== 0) {
    fail("Conv", `expected kernels for ${group} equal groups, found ${formatShape(weight!.shape)}.`);
  }
  if (bias !== undefined && !sameShape(bias.shape, [outChannels])) {
    fail("Conv", `expected bias [${outChannels}], found ${formatShape(bias.shape)}.`);
  }
  const isPictureAxis = (_: number, axis: number): boolean => axis >= 2 && axis !== stackAxis;
  const [height, width] = x!.shape.filter(isPictureAxis) as [number, number];
  const [kernelHeight, kernelWidth] = weight!.shape.filter(isPictureAxis) as [number, number];
  const outHeight = Math.floor((height + pads[0] + pads[2] - kernelHeight) / strides[0]) + 1;
  const outWidth = Math.floor((width + pads[1] + pads[3] - kernelWidth) / strides[1]) + 1;
  if (outHeight < 1 || outWidth < 1) {
    fail(
      "Conv",
      `the ${kernelHeight}x${kernelWidth} kernel of ${weight!.name} is larger than ${height}x${width}.`,
    );
  }
  const extent = [outHeight, outWidth];
  const shape = stackAxis === undefined ? extent : extent.toSpliced(stackAxis - 2, 0, x!.shape[stackAxis]!);
  return { dtype: x!.dtype, shape: [batch, outChannels, ...shape] };
}

/** The axis along which the pictures of a stack lie, by the shape of a Conv's kernel; undefined for single pictures. */
export function stackAxisOf(kernel: Shape): 2 | 4 | undefined {
  if (kernel.length !== 5) return undefined;
  if (kernel[2] === 1) return 2;
  return kernel[4] === 1 ? 4 : undefined;
}

function inferMatMul(inputs: readonly Value[]): ValueType {
  const [a, b] = take("MatMul", inputs, 2);
  if (a!.shape.length < 2 || b!.shape.length < 2 || a!.shape.at(-1) !== b!.shape.at(-2)) {
    fail(
      "MatMul",
      `expected [..., M, K] and [..., K, N], found ${formatShape(a!.shape)} and ${formatShape(b!.shape)}.`,
    );
  }
  const batch = broadcast("MatMul", a!.shape.slice(0, -2), b!.shape.slice(0, -2));
  return { dtype: a!.dtype, shape: [...batch, a!.shape.at(-2)!, b!.shape.at(-1)!] };
}

function inferConvTranspose(
  inputs: readonly Value[],
  { strides, pads, outputPadding }: OperatorAttributes["ConvTranspose"],
): ValueType {
  const [x, weight] = take("ConvTranspose", inputs, 2);
  const [batch, channels, height, width] = pictureShape("ConvTranspose", x!);
  const [inChannels, outChannels, kernelHeight, kernelWidth] = pictureShape("ConvTranspose", weight!);
  if (channels !== inChannels) {
    fail("ConvTranspose", `expected ${inChannels} channels, found ${formatShape(x!.shape)}.`);
  }
  const outHeight = (height - 1) * strides[0] + kernelHeight - pads[0] - pads[2] + outputPadding[0];
  const outWidth = (width - 1) * strides[1] + kernelWidth - pads[1] - pads[3] + outputPadding[1];
  return { dtype: x!.dtype, shape: [batch, outChannels, outHeight, outWidth] };
}

function pictureShape(operator: OperatorName, { shape }: Value): [number, number, number, number] {
  if (shape.length !== 4) fail(operator, `expected a shape of 4 axes, found ${formatShape(shape)}.`);
  return shape as [number, number, number, number];
}

function pool(operator: "AveragePool" | "MaxPool") {
  return (inputs: readonly Value[], { kernelShape, strides }: OperatorAttributes["MaxPool"]): ValueType => {
    const [x] = take(operator, inputs, 1);
    const [batch, channels, height, width] = pictureShape(operator, x!);
    if (kernelShape[0] > height || kernelShape[1] > width) {
      fail(operator, `the ${kernelShape.join("x")} window is larger than ${formatShape(x!.shape)}.`);
    }
    const outHeight = Math.floor((height - kernelShape[0]) / strides[0]) + 1;
    const outWidth = Math.floor((width - kernelShape[1]) / strides[1]) + 1;
    return { dtype: x!.dtype, shape: [batch, channels, outHeight, outWidth] };
  };
}

function reduce(operator: OperatorName) {
  return (inputs: readonly Value[], { axes, keepdims }: Reduction): ValueType => {
    const [x] = take(operator, inputs, 1);
    const odd = axes.find((axis) => !Number.isInteger(axis) || axis < 0 || axis >= x!.shape.length);
    if (odd !== undefined || axes.length === 0) {
      fail(operator, `expected axes of ${formatShape(x!.shape)}, found ${formatShape(axes)}.`);
    }
    const kept = x!.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return { dtype: x!.dtype, shape: keepdims ? kept : kept.filter((_, axis) => !axes.includes(axis)) };
  };
}

function inferSlice(inputs: readonly Value[], attributes: OperatorAttributes["Slice"]): ValueType {
  const [x] = take("Slice", inputs, 1);
  const shape = [...x!.shape];
  attributes.axes.forEach((axis, i) => {
    const size = x!.shape[axis] ?? 0;
    const start = attributes.starts[i] ?? -1;
    const end = attributes.ends[i] ?? -1;
    const step = attributes.steps?.[i] ?? 1;
    if (start < 0 || end <= start || end > size || step < 1) {
      fail("Slice", `expected 0 <= start < end <= ${size} on axis ${axis}, found ${start}:${end}:${step}.`);
    }
    shape[axis] = Math.ceil((end - start) / step);
  });
  return { dtype: x!.dtype, shape };
}

const rules: { [K in OperatorName]: Rule<K> } = {
  Add: binary("Add"),
  Div: binary("Div"),
  Mul: binary("Mul"),
  Sub: binary("Sub"),
  Abs: unary("Abs"),
  Clip: unary("Clip"),
  Erf: unary("Erf"),
  Exp: unary("Exp"),
  Identity: unary("Identity"),
  LeakyRelu: unary("LeakyRelu"),
  Log: unary("Log"),
  Neg: unary("Neg"),
  Sign: unary("Sign"),
  Sqrt: unary("Sqrt"),
  Relu: unary("Relu"),
  Sigmoid: unary("Sigmoid"),
  Softplus: unary("Softplus"),
  Tanh: unary("Tanh"),
  Softmax: unary("Softmax"),
  Conv: inferConv,
  ConvTranspose: inferConvTranspose,
  MatMul: inferMatMul,
  AveragePool: pool("AveragePool"),
  MaxPool: pool("MaxPool"),
  ReduceLogSumExp: reduce("ReduceLogSumExp"),
  ReduceMax: reduce("ReduceMax"),
  ReduceMean: reduce("ReduceMean"),
  ReduceSum: reduce("ReduceSum"),
  Slice: inferSlice,

  ArgMin: (inputs, { axis }) => ({
    dtype: "int64",
    shape: reduce("ArgMin")(inputs, { axes: [axis], keepdims: false }).shape,
  }),

  Cast: (inputs, { to }) => ({ dtype: to, shape: take("Cast", inputs, 1)[0]!.shape }),

  Concat: (inputs, { axis }) => {
    const [first] = take("Concat", inputs, Math.max(inputs.length, 1));
    const shape = [...first!.shape];
    const odd = inputs.find((input) => !input.shape.every((size, i) => i === axis || size === shape[i]));
    if (odd !== undefined) {
      fail("Concat", `expected ${formatShape(shape)} beside axis ${axis}, found ${formatShape(odd.shape)}.`);
    }
    shape[axis] = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
    return { dtype: first!.dtype, shape };
  },

  InstanceNormalization: (inputs) => {
    const [x, scale, bias] = take("InstanceNormalization", inputs, 3);
    const channels = x!.shape[1];
    if (channels === undefined || scale!.shape[0] !== channels || bias!.shape[0] !== channels) {
      fail(
        "InstanceNormalization",
        `expected scale and bias [${channels}], found ${formatShape(scale!.shape)}.`,
      );
    }
    return { dtype: x!.dtype, shape: x!.shape };
  },

  OneHot: (inputs, { depth }) => {
    const [indices] = take("OneHot", inputs, 1);
    if (indices!.dtype !== "int64") fail("OneHot", `expected indices of int64, found ${indices!.dtype}.`);
    return { dtype: "float32", shape: [...indices!.shape, depth] };
  },

  Reshape: (inputs, { shape }) => {
    const [x] = take("Reshape", inputs, 1);
    if (sizeOf(x!.shape) !== sizeOf(shape)) {
      fail("Reshape", `expected a shape of ${sizeOf(x!.shape)} elements, found ${formatShape(shape)}.`);
    }
    return { dtype: x!.dtype, shape };
  },

  Resize: (inputs, { scales }) => {
    const [x] = take("Resize", inputs, 1);
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    return { dtype: x!.dtype, shape: [batch, channels, height * scales[0], width * scales[1]] };
  },

  DepthToSpace: (inputs, { side }) => {
    const [x] = take("DepthToSpace", inputs, 1);
    const [batch, channels, height, width] = pictureShape("DepthToSpace", x!);
    if (channels % side ** 2 !== 0) {
      fail("DepthToSpace", `expected a multiple of ${side ** 2} channels, found ${formatShape(x!.shape)}.`);
    }
    return { dtype: x!.dtype, shape: [batch, channels / side ** 2, height * side, width * side] };
  },

  Expand: (inputs, { shape }) => {
    const [x] = take("Expand", inputs, 1);
    if (!sameShape(broadcast("Expand", x!.shape, shape), shape)) {
      fail(
        "Expand",
        `expected a shape that ${formatShape(x!.shape)} expands to, found ${formatShape(shape)}.`,
      );
    }
    return { dtype: x!.dtype, shape };
  },

  Pad: (inputs, { begins, ends }) => {
    const [x] = take("Pad", inputs, 1);
    const shape = x!.shape.map((size, axis) => size + (begins[axis] ?? NaN) + (ends[axis] ?? NaN));
    if (begins.length !== shape.length || ends.length !== shape.length || !shape.every((size) => size > 0)) {
      fail(
        "Pad",
        `expected a shape with elements from ${formatShape(x!.shape)}, found ${formatShape(shape)}.`,
      );
    }
    return { dtype: x!.dtype, shape };
  },

  Transpose: (inputs, { perm }) => {
    const [x] = take("Transpose", inputs, 1);
    const rank = x!.shape.length;
    if ([...perm].sort((a, b) => a - b).join() !== [...Array(rank).keys()].join()) {
      fail("Transpose", `expected a permutation of ${rank} axes, found ${formatShape(perm)}.`);
    }
    return { dtype: x!.dtype, shape: perm.map((axis) => x!.shape[axis]!) };
  },
};

/** The type of an operator's output. @throws INVALID_ARGUMENT when the inputs do not fit. */
export function infer<K extends OperatorName>(
  operator: K,
  inputs: readonly Value[],
  attributes: OperatorAttributes[K],
): ValueType {
  return rules[operator](inputs, attributes);
}
