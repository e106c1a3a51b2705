/** What the state holds before the first step. */
import { Tensor } from "../tensor/tensor.ts";
import { codebookPrefix } from "./codebook/follow.ts";
import { stateNames } from "./graphs/update.ts";
import { hasCodebook } from "./vae-network.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { RuntimeUse, TrainableDiscriminator } from "./discriminator.ts";
import type { TrainableModel } from "./trainable-model.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** What of a plan decides which tensors the state holds. */
type StatePlan = Pick<TrainingPlan, "network" | "layout" | "emaDecay" | "accumulate">;

/**
 * The state of a fresh run: moments of zero, the average equal to the parameters.
 *
 * @param parameters the trained parameters' vector.
 * @param discriminator that of the discriminator, where there is one.
 */
export function initialTensors(
  plan: StatePlan,
  parameters: Tensor<"float32">,
  discriminator?: Tensor<"float32">,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const add = (prefix: string, vector: Tensor<"float32">, hasAverage: boolean): void => {
    const names = stateNames(prefix);
    tensors.set(names.parameters, vector);
    tensors.set(names.firstMoment, Tensor.zeros(vector.shape));
    tensors.set(names.secondMoment, Tensor.zeros(vector.shape));
    if (hasAverage) tensors.set(names.average, vector);
    if (plan.accumulate > 1) tensors.set(names.gradientSum, Tensor.zeros(vector.shape));
  };
  add("", parameters, plan.emaDecay !== undefined);
  const codebook = hasCodebook(plan.network) ? plan.network.codebook : undefined;
  if (codebook?.average !== undefined) {
    const rows = plan.layout.split(parameters).get(codebook.name)!;
    tensors.set(stateNames(codebookPrefix).statistics, codebook.average.startAt(rows));
  }
  if (discriminator !== undefined) add("discriminator.", discriminator, false);
  return tensors;
}

export interface FreshParts {
  readonly plan: StatePlan;
  readonly model: TrainableModel;
  readonly discriminator: TrainableDiscriminator | undefined;
  /** Draws the weights. */
  readonly generator: BaseGenerator;
  /** Gives pictures to start from. */
  readonly pictures: () => Promise<Tensor<"float32">>;
  /** Computes what an initialisation needs. */
  readonly compute: RuntimeUse;
}

/** The state of a fresh run, its weights drawn in the order model, discriminator. */
export async function freshTensors(parts: FreshParts): Promise<Map<string, Tensor>> {
  const { plan, model, discriminator, generator, pictures, compute } = parts;
  const parameters = await model.initialParameters(generator, pictures);
  const ofDiscriminator = await discriminator?.initialParameters(generator, pictures, compute);
  return initialTensors(plan, parameters, ofDiscriminator);
}
