/** Reads the fields of onnx.proto3 that models of ours have, by their numbers there: independent of what writes them. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The fields of a message by number; of numbers the values, of all else the bytes. */
type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (number | Uint8Array)[]>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value =
      type === WireType.Varint
        ? Number(reader.int64())
        : type === WireType.Bit32
          ? reader.float()
          : reader.bytes();
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Fields, field: number): Fields[] =>
  (fields.get(field) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const texts = (fields: Fields, field: number): string[] =>
  (fields.get(field) ?? []).map((bytes) => new TextDecoder().decode(bytes as Uint8Array));
const number = (fields: Fields, field: number): number | undefined =>
  fields.get(field)?.[0] as number | undefined;

/** Numbers that lie one after another in one field. */
function packed(fields: Fields, field: number): number[] {
  return (fields.get(field) ?? []).flatMap((bytes) => {
    const reader = new BinaryReader(bytes as Uint8Array);
    const values: number[] = [];
    while (reader.pos < reader.len) values.push(Number(reader.int64()));
    return values;
  });
}

function attributeOf(fields: Fields): readonly [string, unknown] {
  const [name = ""] = texts(fields, 1);
  const type = number(fields, 20) ?? 0;
  switch (type) {
    case 1:
      return [name, { float: number(fields, 2) }];
    case 2:
      return [name, { int: number(fields, 3) }];
    case 3:
      return [name, { string: texts(fields, 4)[0] }];
    case 7:
      return [name, { ints: packed(fields, 8) }];
    default:
      return [name, { type }];
  }
}

function tensorOf(fields: Fields) {
  const external = messages(fields, 13).map((entry) => [texts(entry, 1)[0], texts(entry, 2)[0]]);
  return {
    name: texts(fields, 8)[0],
    dataType: number(fields, 2),
    dims: packed(fields, 1),
    ...(fields.has(9) ? { bytes: fields.get(9)![0] as Uint8Array } : {}),
    ...(external.length === 0
      ? {}
      : { external: Object.fromEntries(external) as object, location: number(fields, 14) }),
  };
}

function infoOf(fields: Fields) {
  const [type] = messages(messages(fields, 2)[0]!, 1);
  if (type === undefined) return { name: texts(fields, 1)[0], dataType: undefined, dims: undefined };
  const dims = messages(messages(type, 2)[0]!, 1).map((dimension) => number(dimension, 1));
  return { name: texts(fields, 1)[0], dataType: number(type, 1), dims };
}

/** What a model says. */
export function readOnnx(bytes: Uint8Array) {
  const model = fieldsOf(bytes);
  const [graph] = messages(model, 7);
  return {
    irVersion: number(model, 1),
    producer: texts(model, 2)[0],
    opsets: Object.fromEntries(
      messages(model, 8).map((opset) => [texts(opset, 1)[0], number(opset, 2)]),
    ) as object,
    name: texts(graph!, 2)[0],
    nodes: messages(graph!, 1).map((node) => ({
      operator: texts(node, 4)[0],
      domain: texts(node, 7)[0],
      name: texts(node, 3)[0],
      inputs: texts(node, 1),
      outputs: texts(node, 2),
      attributes: Object.fromEntries(messages(node, 5).map(attributeOf)),
    })),
    initializers: messages(graph!, 5).map(tensorOf),
    inputs: messages(graph!, 11).map(infoOf),
    outputs: messages(graph!, 12).map(infoOf),
  };
}
