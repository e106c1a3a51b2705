/** The discriminator as a run trains it. */
import {
  defaultPatchDiscriminatorConfig,
  initializePatchDiscriminator,
  patchDiscriminatorShapes,
} from "../train/patch-discriminator.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { Recipe } from "../recipe/index.ts";
import { NodeRuntime } from "../runtime/node/node-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ParameterLayout, setActNorms } from "../train/index.ts";

/** The discriminator of a recipe; undefined where it has none. */
export function openDiscriminator(recipe: Recipe, channels: number) {
  const { adversarial } = recipe.loss;
  if (adversarial === null) return undefined;
  const config = {
    ...defaultPatchDiscriminatorConfig,
    inChannels: channels,
    baseChannels: adversarial.channels,
    layerCount: adversarial.layers,
    norm: adversarial.norm,
  };
  const layout = new ParameterLayout(patchDiscriminatorShapes(config));
  return {
    config,
    layout,
    /** @param pictures gives real ones, from which "actnorm" is set. */
    initialParameters: async (generator: BaseGenerator, pictures: () => Promise<Tensor<"float32">>) => {
      const drawn = initializePatchDiscriminator(config, generator);
      if (config.norm !== "actnorm") return layout.join(drawn);
      const runtime = new NodeRuntime({ device: "cpu" });
      try {
        return layout.join(await setActNorms(runtime, config, drawn, await pictures()));
      } finally {
        await runtime.dispose();
      }
    },
  };
}
