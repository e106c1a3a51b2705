/**
 * One step of the discriminator as one graph. Pictures and reconstructions are plain inputs, so no gradient of it
 * can reach the autoencoder.
 */
import { gradients } from "../../autodiff/index.ts";
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import { patchDiscriminator } from "../patch-discriminator.ts";
import type { Shape } from "../../tensor/shape.ts";
import { discriminatorLoss } from "../losses/index.ts";
import { scalar } from "../losses/arithmetic.ts";
import type { AdversarialOptions } from "./autoencoder-step.ts";
import { GraphParameters } from "./context.ts";
import { accumulateGradient, stateNames, update, type UpdateOptions } from "./update.ts";

export interface DiscriminatorStepOptions {
  readonly adversarial: AdversarialOptions;
  readonly update: UpdateOptions;
  /** [N, C, H, W] */
  readonly sampleShape: Shape;
  readonly phase: "accumulate" | "update";
}

/** Inputs: sample, reconstruction, the optimizer's scalars. Outputs: discriminator, its gradient's norm. */
export function buildDiscriminatorStep(options: DiscriminatorStepOptions): Graph {
  const { adversarial, sampleShape, phase } = options;
  const { config, layout, loss: kind, factor } = adversarial;
  const builder = new GraphBuilder(`discriminator_${phase}`);
  const nothingFrozen = (name: string): never => {
    throw new Error(`the discriminator's ${name} is not trained`);
  };
  const name = stateNames(options.update.prefix).parameters;
  const parameters = new GraphParameters(builder, layout, name, nothingFrozen);
  const [real, fake] = ["sample", "reconstruction"].map((input) =>
    patchDiscriminator(parameters.context, config, builder.input(input, "float32", sampleShape)),
  );
  const unscaled = discriminatorLoss(builder, kind, real!, fake!);
  const loss = builder.apply("Mul", [unscaled, scalar(builder, factor)], {});
  const trained = layout.places.map((place) => parameters.trained.get(place.name)!);
  const gradient = layout.joinValues(builder, gradients(builder, [{ value: loss }], trained));
  const results = builder.scope("update", () =>
    phase === "accumulate"
      ? accumulateGradient(builder, layout, gradient, options.update)
      : update(builder, layout, { parameters: parameters.pieces, gradient }, options.update),
  );
  return builder.build({ discriminator: loss, ...results });
}
