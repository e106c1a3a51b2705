/** How a graph is written in ONNX Runtime's forms. */
import { GraphBuilder, type Graph, type Value } from "../../src/graph/index.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { ortDialect, type OrtForms } from "../../src/ort/dialect.ts";
import { readOnnx } from "../onnx/read-onnx.ts";

export const write = (graph: Graph, forms: OrtForms) =>
  readOnnx(encodeModel(graph, () => ({ bytes: new Uint8Array(0) }), ortDialect(forms)));

export const operatorsOf = (graph: Graph, forms: OrtForms): (string | undefined)[] =>
  write(graph, forms).nodes.map(({ operator, domain }) =>
    domain === "" ? operator : `${domain}:${operator}`,
  );

/** A graph of what `build` makes of x. */
export function graphOf(
  shape: readonly number[],
  build: (builder: GraphBuilder, x: Value) => Value | Record<string, Value>,
  dtype: "float32" | "float64" = "float32",
): Graph {
  const builder = new GraphBuilder("g");
  const made = build(builder, builder.input("x", dtype, shape));
  return builder.build("dtype" in made ? { y: made as Value } : made);
}
