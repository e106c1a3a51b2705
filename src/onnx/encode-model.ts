/** Graph → ONNX model: a ModelProto's bytes, with the weights inside or left where they lie. */
import {
  checkGraph,
  stackAxisOf,
  type Graph,
  type Initializer,
  type Node,
  type NodeOf,
  type OperatorName,
  type Value,
} from "../graph/index.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import type { DType } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { plainOnnx, type Dialect } from "./dialect.ts";
import { int64s } from "./int64s.ts";
import { onnxModel } from "./onnx-model.ts";
import {
  dataTypes,
  externalTensorProto,
  inlineTensorProto,
  type AttributeValue,
  type OnnxNode,
  type Proto,
} from "./protobuf.ts";

/** Where a stored weight goes: into the model, or to a place in a file beside it. */
export type Placement = PlacementInside | PlacementBeside;

/** Into the model's own bytes. */
export interface PlacementInside {
  /** The weight's, row-major and little-endian. */
  readonly bytes: Uint8Array;
}

/** Left in a file beside the model: ONNX's external data. */
export interface PlacementBeside {
  /** The file's path, relative to the model's folder. */
  readonly location: string;
  /** Where the weight begins in the file. */
  readonly byteOffset: number;
  /** How many bytes it has. */
  readonly byteLength: number;
}

/** How an operator is written: its ONNX attributes, and the static arguments that ONNX wants as tensors. */
interface Lowered {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Input tensors after the node's own; undefined leaves an optional one out. */
  readonly extraInputs?: readonly (Tensor | undefined)[];
}

const asIs = (): Lowered => ({});

/** Clip's bounds have the dtype of its input. */
function scalarOf(value: number, dtype: DType): Tensor {
  return dtype === "float64"
    ? Tensor.from(Float64Array.of(value), [])
    : Tensor.from(Float32Array.of(value), []);
}

function lowerPool({ attributes }: NodeOf<"AveragePool" | "MaxPool">): Lowered {
  return {
    attributes: {
      kernel_shape: { ints: attributes.kernelShape },
      strides: { ints: attributes.strides },
    },
  };
}

/** Opset 18 takes the axes of ReduceSum, ReduceMean and the others as a tensor. */
function lowerReduction({
  attributes,
}: NodeOf<"ReduceLogSumExp" | "ReduceMax" | "ReduceMean" | "ReduceSum">): Lowered {
  return {
    attributes: { keepdims: { int: attributes.keepdims ? 1 : 0 } },
    extraInputs: [int64s(attributes.axes)],
  };
}

const lowerings: { [K in OperatorName]: (node: NodeOf<K>) => Lowered } = {
  Abs: asIs,
  Add: asIs,
  Div: asIs,
  Erf: asIs,
  Exp: asIs,
  Identity: asIs,
  Log: asIs,
  MatMul: asIs,
  Mul: asIs,
  Neg: asIs,
  Relu: asIs,
  Sigmoid: asIs,
  Sign: asIs,
  Softplus: asIs,
  Sqrt: asIs,
  Sub: asIs,
  Tanh: asIs,
  AveragePool: lowerPool,
  MaxPool: lowerPool,
  ReduceLogSumExp: lowerReduction,
  ReduceMax: lowerReduction,
  ReduceMean: lowerReduction,
  ReduceSum: lowerReduction,
  ArgMin: ({ attributes: { axis } }) => ({ attributes: { axis: { int: axis }, keepdims: { int: 0 } } }),
  Cast: ({ attributes }) => ({ attributes: { to: { int: dataTypes[attributes.to] } } }),
  Clip: ({ attributes: { min, max }, output: { dtype } }) => ({
    extraInputs: [
      min === undefined ? undefined : scalarOf(min, dtype),
      max === undefined ? undefined : scalarOf(max, dtype),
    ],
  }),
  Concat: ({ attributes }) => ({ attributes: { axis: { int: attributes.axis } } }),
  Conv: ({ attributes: { pads, strides, group = 1 }, inputs }) => {
    const stackAxis = stackAxisOf(inputs[1]!.shape);
    // Along the axis of a stack nothing is added and nothing left out.
    const along = (extent: readonly number[], ofStack: number): number[] =>
      stackAxis === undefined ? [...extent] : extent.toSpliced(stackAxis - 2, 0, ofStack);
    return {
      attributes: {
        kernel_shape: { ints: inputs[1]!.shape.slice(2) },
        pads: { ints: [...along(pads.slice(0, 2), 0), ...along(pads.slice(2), 0)] },
        strides: { ints: along(strides, 1) },
        ...(group === 1 ? {} : { group: { int: group } }),
      },
    };
  },
  ConvTranspose: ({ attributes, inputs }) => ({
    attributes: {
      kernel_shape: { ints: inputs[1]!.shape.slice(2) },
      pads: { ints: attributes.pads },
      strides: { ints: attributes.strides },
      output_padding: { ints: attributes.outputPadding },
    },
  }),
  DepthToSpace: ({ attributes: { side, mode } }) => ({
    attributes: { blocksize: { int: side }, mode: { string: mode } },
  }),
  Expand: ({ attributes }) => ({ extraInputs: [int64s(attributes.shape)] }),
  LeakyRelu: ({ attributes }) => ({ attributes: { alpha: { float: attributes.alpha } } }),
  Pad: ({ attributes }) => ({ extraInputs: [int64s([...attributes.begins, ...attributes.ends])] }),
  InstanceNormalization: ({ attributes }) => ({ attributes: { epsilon: { float: attributes.epsilon } } }),
  OneHot: ({ attributes: { depth } }) => ({
    extraInputs: [int64s([depth]), Tensor.from(Float32Array.of(0, 1), [2])],
  }),
  Reshape: ({ attributes }) => ({ extraInputs: [int64s(attributes.shape)] }),
  Resize: ({ attributes }) => ({
    attributes: {
      mode: { string: "nearest" },
      coordinate_transformation_mode: { string: "asymmetric" },
      nearest_mode: { string: "floor" },
    },
    extraInputs: [undefined, Tensor.from(Float32Array.of(1, 1, ...attributes.scales), [4])],
  }),
  Slice: ({ attributes: { axes, starts, ends, steps } }) => ({
    extraInputs: [
      int64s(starts),
      int64s(ends),
      int64s(axes),
      ...(steps === undefined ? [] : [int64s(steps)]),
    ],
  }),
  Softmax: ({ attributes }) => ({ attributes: { axis: { int: attributes.axis } } }),
  Transpose: ({ attributes }) => ({ attributes: { perm: { ints: attributes.perm } } }),
};

function lower(node: Node): Lowered {
  // The table's key and the node's type are the same K, which TypeScript cannot see across a union.
  return (lowerings[node.operator] as (node: Node) => Lowered)(node);
}

/**
 * Serialises a graph as an ONNX model.
 *
 * @param place where each stored weight goes; constants are always inside.
 * @param dialect forms that only one runtime knows; ONNX as it is by default.
 */
export function encodeModel(
  graph: Graph,
  place: (stored: StoredTensor) => Placement,
  dialect: Dialect = plainOnnx,
): Uint8Array {
  checkGraph(graph, "encodeModel");
  checkValue("encodeModel: place", place, optionKinds.callback);
  checkValue("encodeModel: dialect", dialect, optionKinds.callback);
  const { nodes, tensors, changeable, leadingOutputs } = encodeNodes(graph, dialect);
  const initializers = graph.initializers.map((initializer) => encodeInitializer(initializer, place));
  return onnxModel({
    ...graph,
    nodes,
    initializers: [...initializers, ...tensors],
    inputs: [...graph.inputs, ...changeable],
    leadingOutputs,
  });
}

/** Nodes, the constants that they read besides the graph's own, those that a run may change, and outputs before the graph's own. */
interface Encoded {
  readonly nodes: OnnxNode[];
  readonly tensors: Proto[];
  readonly changeable: Value[];
  readonly leadingOutputs: Proto[];
}

function encodeNodes(graph: Graph, dialect: Dialect): Encoded {
  const encoded: Encoded = { nodes: [], tensors: [], changeable: [], leadingOutputs: [] };
  const constant = (name: string, { dtype, shape, bytes }: Tensor): void => {
    encoded.tensors.push(inlineTensorProto({ name, dtype, shape }, bytes));
  };
  const writer = dialect(graph, {
    node: (node) => encoded.nodes.push(node),
    constant,
    changeable: (name, tensor) => {
      constant(name, tensor);
      encoded.changeable.push({ name, dtype: tensor.dtype, shape: tensor.shape });
    },
    leadingOutput: (output) => encoded.leadingOutputs.push(output),
  });
  for (const node of graph.nodes) if (!writer.leavesOut(node) && !writer.take(node)) addNode(encoded, node);
  return encoded;
}

function addNode({ nodes, tensors }: Encoded, node: Node): void {
  const { attributes = {}, extraInputs = [] } = lower(node);
  const extraNames = extraInputs.map((tensor, index) => {
    if (tensor === undefined) return "";
    const value: Value = { name: `${node.output.name}:${index}`, dtype: tensor.dtype, shape: tensor.shape };
    tensors.push(inlineTensorProto(value, tensor.bytes));
    return value.name;
  });
  nodes.push({
    operator: node.operator,
    name: node.output.name,
    inputs: [...node.inputs.map((input) => input.name), ...extraNames],
    outputs: [node.output.name],
    attributes,
  });
}

function encodeInitializer({ value, data }: Initializer, place: (stored: StoredTensor) => Placement): Proto {
  if ("constant" in data) return inlineTensorProto(value, data.constant.bytes);
  const placement = place(data.stored);
  checkValue("encodeModel: what place returns", placement, optionKinds.object);
  return "bytes" in placement
    ? inlineTensorProto(value, placement.bytes)
    : externalTensorProto(value, placement);
}
