/**
 * The messages of onnx.proto3 that we write, field by field. Each function returns a message's bytes.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { DType } from "../tensor/dtype.ts";
import type { Value, ValueType } from "../graph/index.ts";

/** TensorProto.DataType */
export const dataTypes: { [D in DType]: number } = {
  float32: 1,
  uint8: 2,
  int64: 7,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** AttributeProto.AttributeType and the field that holds each. */
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;

export type AttributeValue =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] };

class Message {
  readonly #writer = new BinaryWriter();

  string(field: number, value: string): this {
    this.#writer.tag(field, WireType.LengthDelimited).string(value);
    return this;
  }

  strings(field: number, values: Iterable<string>): this {
    for (const value of values) this.string(field, value);
    return this;
  }

  int64(field: number, value: number): this {
    this.#writer.tag(field, WireType.Varint).int64(value);
    return this;
  }

  int64s(field: number, values: Iterable<number>): this {
    this.#writer.tag(field, WireType.LengthDelimited).fork();
    for (const value of values) this.#writer.int64(value);
    this.#writer.join();
    return this;
  }

  float(field: number, value: number): this {
    this.#writer.tag(field, WireType.Bit32).float(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#writer.tag(field, WireType.LengthDelimited).bytes(value);
    return this;
  }

  messages(field: number, values: Iterable<Uint8Array>): this {
    for (const value of values) this.bytes(field, value);
    return this;
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}

export function attributeProto(name: string, value: AttributeValue): Uint8Array {
  const message = new Message().string(1, name);
  if ("float" in value) return message.float(2, value.float).int64(20, attributeTypes.float).finish();
  if ("int" in value) return message.int64(3, value.int).int64(20, attributeTypes.int).finish();
  if ("ints" in value) return message.int64s(8, value.ints).int64(20, attributeTypes.ints).finish();
  return message.bytes(4, new TextEncoder().encode(value.string)).int64(20, attributeTypes.string).finish();
}

/** A node as ONNX writes it. */
export interface OnnxNode {
  readonly operator: string;
  /** Whose operator it is; ONNX's own when left out. */
  readonly domain?: string;
  readonly name: string;
  /** An optional input that is left out has no name. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export function nodeProto(node: OnnxNode): Uint8Array {
  const attributes = Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value));
  return new Message()
    .strings(1, node.inputs)
    .strings(2, node.outputs)
    .string(3, node.name)
    .string(4, node.operator)
    .messages(5, attributes)
    .string(7, node.domain ?? "")
    .finish();
}

/** A tensor whose little-endian bytes stand in the message itself. */
export function inlineTensorProto(value: Value, bytes: Uint8Array): Uint8Array {
  return tensorHead(value).bytes(9, bytes).finish();
}

/** A tensor whose bytes lie in another file. */
export function externalTensorProto(
  value: Value,
  place: { location: string; byteOffset: number; byteLength: number },
): Uint8Array {
  const entry = (key: string, text: string): Uint8Array =>
    new Message().string(1, key).string(2, text).finish();
  const entries = [
    entry("location", place.location),
    entry("offset", String(place.byteOffset)),
    entry("length", String(place.byteLength)),
  ];
  return tensorHead(value).messages(13, entries).int64(14, 1).finish();
}

function tensorHead(value: Value): Message {
  return new Message().int64s(1, value.shape).int64(2, dataTypes[value.dtype]).string(8, value.name);
}

/** The name, dtype and static shape of an input or output. */
export function valueInfoProto(value: Value): Uint8Array {
  return new Message().string(1, value.name).bytes(2, tensorTypeProto(value)).finish();
}

/** A sequence of tensors of the type of `element`. */
export function sequenceInfoProto(name: string, element: ValueType): Uint8Array {
  const sequence = new Message().bytes(1, tensorTypeProto(element)).finish();
  return new Message().string(1, name).bytes(2, new Message().bytes(4, sequence).finish()).finish();
}

function tensorTypeProto({ dtype, shape }: ValueType): Uint8Array {
  const dimensions = shape.map((size) => new Message().int64(1, size).finish());
  const shapeProto = new Message().messages(1, dimensions).finish();
  const tensorType = new Message().int64(1, dataTypes[dtype]).bytes(2, shapeProto).finish();
  return new Message().bytes(1, tensorType).finish();
}

export function graphProto(graph: {
  name: string;
  nodes: readonly Uint8Array[];
  initializers: readonly Uint8Array[];
  inputs: readonly Uint8Array[];
  outputs: readonly Uint8Array[];
}): Uint8Array {
  return new Message()
    .messages(1, graph.nodes)
    .string(2, graph.name)
    .messages(5, graph.initializers)
    .messages(11, graph.inputs)
    .messages(12, graph.outputs)
    .finish();
}

/** @param opsets versions of operator sets by domain; "" is ONNX's own. */
export function modelProto(
  graph: Uint8Array,
  irVersion: number,
  opsets: Readonly<Record<string, number>>,
): Uint8Array {
  const imports = Object.entries(opsets).map(([domain, version]) =>
    new Message().string(1, domain).int64(2, version).finish(),
  );
  return new Message().int64(1, irVersion).string(2, "vaekit").bytes(7, graph).messages(8, imports).finish();
}
