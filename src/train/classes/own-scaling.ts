/** What training is given of a class whose latents keep the scaling that its config says. */
import { describeScaling } from "../../latents/scaling.ts";
import type { VaeModel } from "../../models/index.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import type { Recipe } from "../../recipe/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { logvarName } from "../graphs/context.ts";
import { ParameterLayout } from "../parameter-layout.ts";
import { inMemory, withLogvar, type TrainableModel } from "../trainable-model.ts";
import type { VaeNetwork } from "../vae-network.ts";
import { checkFreshIsWhole } from "./select-trainable.ts";

/** @typeParam Config the class's. */
export interface TrainedModel<Config extends object> {
  readonly model: Pick<VaeModel<Config, never>, "config" | "facts" | "scaling">;
  readonly config: Config;
  readonly network: VaeNetwork;
  readonly recipe: Recipe;
  /** The recipe's section of the model. */
  readonly section: {
    readonly trainable: readonly string[];
    readonly saveDtype: "float32" | "float16" | "bfloat16";
  };
  /** Shapes of what is trained. */
  readonly trained: ReadonlyMap<string, Shape>;
  /** What training begins with; undefined for fresh weights. */
  readonly found: ReadonlyMap<string, Tensor> | undefined;
  /** The config's part that decides the architecture. */
  readonly architecture: object;
  /** Fresh weights. */
  initialize(generator: BaseGenerator): ReadonlyMap<string, Tensor>;
}

/** @throws INVALID_CONFIG when a part of a fresh model is left out of training. */
export function withOwnScaling<Config extends object>(parts: TrainedModel<Config>): TrainableModel {
  const { model, config, network, recipe, section, trained, found } = parts;
  const layout = new ParameterLayout(withLogvar(trained, recipe));
  if (found === undefined) checkFreshIsWhole(network.parameterShapes, trained);
  const frozen = new Map([...(found ?? [])].filter(([name]) => !trained.has(name)));
  const facts = model.facts(config);
  return {
    network,
    facts,
    layout,
    frozen: inMemory(frozen),
    architecture: { ...parts.architecture, trainable: [...section.trainable] },
    latents: {
      channels: facts.latentChannels,
      calibration: "keep",
      scaling: describeScaling(model.scaling(config, new Map())),
    },
    initialParameters: (generator) => {
      const tensors = found ?? parts.initialize(generator);
      return Promise.resolve(
        layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]])),
      );
    },
    content: (values) => {
      const { saveDtype } = section;
      const tensors = new Map<string, Tensor>();
      for (const name of network.parameterShapes.keys()) {
        const tensor = values.get(name) ?? frozen.get(name)!;
        tensors.set(name, tensor.dtype === saveDtype ? tensor : tensor.toFloat(saveDtype));
      }
      return { config: model.config.format(config), tensors };
    },
  };
}
