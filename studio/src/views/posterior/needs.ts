/** Not every class has a posterior. */
import { catalogue } from "../../text/catalogue.ts";
import type { Needs } from "../view.ts";

/** Classes of vaekit whose encoders give a mean and a deviation. */
const classes: readonly string[] = ["AutoencoderKL", "AutoencoderKLFlux2", "AutoencoderKLHunyuanImage"];

export const needs: Needs = {
  areMet: ({ className }) => classes.includes(className),
  text: catalogue(
    {
      unfit:
        "The encoder of {name} gives latents alone, without deviations: there is no distribution to draw from.",
    },
    { unfit: "{name} 的编码器只给出潜变量，没有标准差：没有可以抽样的分布。" },
  ),
};
