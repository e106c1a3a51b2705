/** Runs small graphs for tests: tensors in, a graph built over them, tensors out. */
import { GraphBuilder, verify, type Value } from "../../src/graph/index.ts";
import { gradients } from "../../src/autodiff/index.ts";
import type { ModuleContext } from "../../src/nn/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * Builds a graph with an input for each tensor, checks it, runs it once and returns its outputs.
 *
 * @param build gets the inputs by name and returns the outputs by name.
 */
export async function runGraph(
  runtime: Runtime,
  inputs: Tensors,
  build: (builder: GraphBuilder, values: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>,
): Promise<Record<string, Tensor>> {
  const builder = new GraphBuilder("test");
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape }]) => [name, builder.input(name, dtype, shape)]),
  );
  const graph = builder.build(build(builder, values));
  verify(graph);
  const session = await runtime.createSession(graph);
  const outputs = await session.run(inputs);
  await session.dispose();
  return outputs;
}

/** The gradients of the sum of `value` by the names of `wrt`: `{ "grad.y": … }`. */
export function gradientsOfSum(
  builder: GraphBuilder,
  value: Value,
  wrt: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const axes = value.shape.map((_, axis) => axis);
  const sum = axes.length === 0 ? value : builder.apply("ReduceSum", [value], { axes, keepdims: false });
  const found = gradients(builder, [{ value: sum }], Object.values(wrt));
  return Object.fromEntries(Object.keys(wrt).map((name, i) => [`grad.${name}`, found[i]!]));
}

/** A context whose parameters are inputs of the graph. */
export function contextOf(builder: GraphBuilder, values: Readonly<Record<string, Value>>): ModuleContext {
  return {
    builder,
    parameter(name, shape, viewShape = shape) {
      const value = values[name];
      if (value === undefined) throw new Error(`the test has no parameter ${name}`);
      const isSame = viewShape.join() === value.shape.join();
      return isSame ? value : builder.apply("Reshape", [value], { shape: viewShape });
    },
  };
}
