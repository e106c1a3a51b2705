/** The state's vectors: whole for checkpoints and questions, by pieces for the runtime and its graphs. */
import { InternalError } from "../errors.ts";
import type { Runtime, State } from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { stateNames } from "./graphs/update.ts";
import type { ParameterLayout } from "./parameter-layout.ts";

/** How the networks' parameters are laid out, by the prefix of their vectors' names. */
export type Layouts = ReadonlyMap<string, ParameterLayout>;

export class StateVectors {
  readonly state: State;
  readonly #layouts: ReadonlyMap<string, ParameterLayout>;

  private constructor(state: State, layouts: ReadonlyMap<string, ParameterLayout>) {
    this.state = state;
    this.#layouts = layouts;
  }

  /** @param vectors by name: those of `stateNames` with each of the layouts' prefixes. */
  static async create(
    runtime: Runtime,
    vectors: ReadonlyMap<string, Tensor>,
    layouts: Layouts,
  ): Promise<StateVectors> {
    const known = new Map<string, ParameterLayout>(
      [...layouts].flatMap(([prefix, layout]) =>
        Object.values(stateNames(prefix)).map((name) => [name, layout] as const),
      ),
    );
    const used = new Map<string, ParameterLayout>();
    const pieces = [...vectors].flatMap(([name, vector]) => {
      const layout = known.get(name);
      if (layout === undefined) throw new InternalError(`the state has no vector ${name}`);
      used.set(name, layout);
      const names = layout.pieceNames(name);
      return layout.cut(float32(vector)).map((piece, index) => [names[index]!, piece] as const);
    });
    return new StateVectors(await runtime.createState(Object.fromEntries(pieces)), used);
  }

  /** Copies of the vectors of these names; of all when left out. */
  async read(names: readonly string[] = [...this.#layouts.keys()]): Promise<Map<string, Tensor<"float32">>> {
    const layoutOf = (name: string): ParameterLayout => this.#layouts.get(name)!;
    const pieces = await this.state.read(names.flatMap((name) => layoutOf(name).pieceNames(name)));
    return new Map(
      names.map((name) => {
        const layout = layoutOf(name);
        return [name, layout.joinPieces(layout.pieceNames(name).map((piece) => float32(pieces[piece])))];
      }),
    );
  }

  dispose(): Promise<void> {
    return this.state.dispose();
  }
}

function float32(tensor: Tensor | undefined): Tensor<"float32"> {
  if (tensor?.dtype !== "float32") throw new InternalError("a vector of the state is not float32");
  return tensor as Tensor<"float32">;
}
