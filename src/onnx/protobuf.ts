/**
 * The messages of onnx.proto3 that we write, field by field. Each function gives what writes a message, so that all of
 * a model goes into one buffer; `modelProto` gives the bytes.
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

/** Writes the fields of one message. */
export type Proto = (message: Message) => void;

class Message {
  readonly #writer: BinaryWriter;

  constructor(writer: BinaryWriter) {
    this.#writer = writer;
  }

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

  message(field: number, write: Proto): this {
    this.#writer.tag(field, WireType.LengthDelimited).fork();
    write(this);
    this.#writer.join();
    return this;
  }

  messages(field: number, all: Iterable<Proto>): this {
    for (const write of all) this.message(field, write);
    return this;
  }
}

export function attributeProto(name: string, value: AttributeValue): Proto {
  return (message) => {
    message.string(1, name);
    if ("float" in value) message.float(2, value.float).int64(20, attributeTypes.float);
    else if ("int" in value) message.int64(3, value.int).int64(20, attributeTypes.int);
    else if ("ints" in value) message.int64s(8, value.ints).int64(20, attributeTypes.ints);
    else message.string(4, value.string).int64(20, attributeTypes.string);
  };
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

export function nodeProto(node: OnnxNode): Proto {
  return (message) =>
    message
      .strings(1, node.inputs)
      .strings(2, node.outputs)
      .string(3, node.name)
      .string(4, node.operator)
      .messages(
        5,
        Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value)),
      )
      .string(7, node.domain ?? "");
}

/** A tensor whose little-endian bytes stand in the message itself. */
export function inlineTensorProto(value: Value, bytes: Uint8Array): Proto {
  return (message) => {
    tensorHead(value)(message);
    message.bytes(9, bytes);
  };
}

/** A tensor whose bytes lie in another file. */
export function externalTensorProto(
  value: Value,
  place: { location: string; byteOffset: number; byteLength: number },
): Proto {
  const entry =
    (key: string, text: string): Proto =>
    (message) =>
      message.string(1, key).string(2, text);
  const entries = [
    entry("location", place.location),
    entry("offset", String(place.byteOffset)),
    entry("length", String(place.byteLength)),
  ];
  return (message) => {
    tensorHead(value)(message);
    message.messages(13, entries).int64(14, 1);
  };
}

function tensorHead(value: Value): Proto {
  return (message) => message.int64s(1, value.shape).int64(2, dataTypes[value.dtype]).string(8, value.name);
}

/** The name, dtype and static shape of an input or output. */
export function valueInfoProto(value: Value): Proto {
  return (message) => message.string(1, value.name).message(2, tensorTypeProto(value));
}

/** A sequence of tensors of the type of `element`. */
export function sequenceInfoProto(name: string, element: ValueType): Proto {
  const sequence: Proto = (message) => message.message(1, tensorTypeProto(element));
  return (message) => message.string(1, name).message(2, (type) => type.message(4, sequence));
}

function tensorTypeProto({ dtype, shape }: ValueType): Proto {
  const dimensions = shape.map(
    (size): Proto =>
      (dimension) =>
        dimension.int64(1, size),
  );
  return (message) =>
    message.message(1, (tensorType) =>
      tensorType.int64(1, dataTypes[dtype]).message(2, (shapeProto) => shapeProto.messages(1, dimensions)),
    );
}

export function graphProto(graph: {
  name: string;
  nodes: readonly Proto[];
  initializers: readonly Proto[];
  inputs: readonly Proto[];
  outputs: readonly Proto[];
}): Proto {
  return (message) =>
    message
      .messages(1, graph.nodes)
      .string(2, graph.name)
      .messages(5, graph.initializers)
      .messages(11, graph.inputs)
      .messages(12, graph.outputs);
}

/** @param opsets versions of operator sets by domain; "" is ONNX's own. */
export function modelProto(
  graph: Proto,
  irVersion: number,
  opsets: Readonly<Record<string, number>>,
): Uint8Array {
  const imports = Object.entries(opsets).map(
    ([domain, version]): Proto =>
      (message) =>
        message.string(1, domain).int64(2, version),
  );
  const writer = new BinaryWriter();
  new Message(writer).int64(1, irVersion).string(2, "vaekit").message(7, graph).messages(8, imports);
  return writer.finish();
}
