/** The check that every runtime makes before it runs: the inputs are those of the graph. */
import { VaekitError } from "../errors.ts";
import type { Graph } from "../graph/index.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * @param stateNames inputs that the run takes from its state unless they are given.
 * @throws INVALID_ARGUMENT when an input is missing, unknown, or of another type than the graph's.
 */
export function checkInputs(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  stateNames: readonly string[] = [],
): void {
  for (const { name, dtype, shape } of graph.inputs) {
    const tensor = inputs[name];
    if (tensor === undefined && stateNames.includes(name)) continue;
    const expected = `${graph.name}: expected input ${name} to be ${dtype} ${formatShape(shape)}`;
    if (tensor === undefined) throw new VaekitError("INVALID_ARGUMENT", `${expected}, found none.`);
    if (tensor.dtype !== dtype || !sameShape(tensor.shape, shape)) {
      const found = `${tensor.dtype} ${formatShape(tensor.shape)}`;
      throw new VaekitError("INVALID_ARGUMENT", `${expected}, found ${found}.`);
    }
  }
  const unknown = Object.keys(inputs).find((name) => !graph.inputs.some((input) => input.name === name));
  if (unknown !== undefined) {
    const names = graph.inputs.map((input) => input.name).join(", ");
    throw new VaekitError("INVALID_ARGUMENT", `${graph.name}: no input ${unknown}; it has ${names}.`);
  }
}
