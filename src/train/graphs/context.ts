/** The inputs that every training graph has, and the parameters as its modules see them. */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { parametersFrom, type FindParameter } from "../../models/index.ts";
import type { ModuleContext } from "../../nn/index.ts";
import { sameShape } from "../../tensor/shape.ts";
import type { ParameterLayout } from "../parameter-layout.ts";

/** The learned log-variance is a parameter beside the model's. */
export const logvarName = "loss.logvar";

/** An input of one number. */
export const scalarInput = (builder: GraphBuilder, name: string): Value => builder.input(name, "float32", []);

/** The parameters of a network inside a graph: trained ones out of the state's vector, frozen ones as stored. */
export class GraphParameters {
  /** The pieces of the parameters' vector. */
  readonly pieces: readonly Value[];
  readonly trained: ReadonlyMap<string, Value>;
  readonly context: ModuleContext;

  /** @param stateName the vector of the state that holds the parameters. */
  constructor(builder: GraphBuilder, layout: ParameterLayout, stateName: string, frozen: FindParameter) {
    this.pieces = layout.inputs(builder, stateName);
    this.trained = builder.scope(stateName, () => layout.splitValues(builder, this.pieces));
    const stored = parametersFrom(builder, frozen);
    this.context = {
      builder,
      isTraining: true,
      parameter: (name, shape, viewShape = shape) => {
        const value = this.trained.get(name);
        if (value === undefined) return stored(name, shape, viewShape);
        return sameShape(value.shape, viewShape)
          ? value
          : builder.apply("Reshape", [value], { shape: viewShape });
      },
    };
  }
}
