/** The discriminator of a recipe. */
import type { BaseGenerator } from "../random/base-generator.ts";
import { pictureSize, type Recipe } from "../recipe/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { setActNorms } from "./actnorm.ts";
import { ParameterLayout } from "./parameter-layout.ts";
import {
  defaultPatchDiscriminatorConfig,
  initializePatchDiscriminator,
  patchDiscriminatorShapes,
  type PatchDiscriminatorConfig,
} from "./patch-discriminator.ts";

export interface TrainableDiscriminator {
  readonly config: PatchDiscriminatorConfig;
  readonly layout: ParameterLayout;
  /**
   * The parameters before the first step.
   *
   * @param pictures gives real ones, from which "actnorm" is set.
   * @param compute what computes that.
   */
  initialParameters(
    generator: BaseGenerator,
    pictures: () => Promise<Tensor<"float32">>,
    compute: RuntimeUse,
  ): Promise<Tensor<"float32">>;
}

/** Does something with a runtime, which whoever hands it in may open for this alone. */
export type RuntimeUse = <T>(work: (runtime: Runtime) => Promise<T>) => Promise<T>;

/** The discriminator of a recipe; undefined where it has none. */
export function openDiscriminator(recipe: Recipe): TrainableDiscriminator | undefined {
  const { adversarial } = recipe.loss;
  if (adversarial === null) return undefined;
  const config = {
    ...defaultPatchDiscriminatorConfig,
    inChannels: pictureSize(recipe.data).channels,
    baseChannels: adversarial.channels,
    layerCount: adversarial.layers,
    norm: adversarial.norm,
  };
  const layout = new ParameterLayout(patchDiscriminatorShapes(config));
  return {
    config,
    layout,
    initialParameters: async (generator, pictures, compute) => {
      const drawn = initializePatchDiscriminator(config, generator);
      if (config.norm !== "actnorm") return layout.join(drawn);
      const sample = await pictures();
      return layout.join(await compute((runtime) => setActNorms(runtime, config, drawn, sample)));
    },
  };
}
