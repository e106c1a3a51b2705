/** The view is about two numbers, one for all latents each. */
import { catalogue } from "../../text/catalogue.ts";
import type { Needs } from "../view.ts";

export const needs: Needs = {
  areMet: ({ scaling }) => scaling.kind === "factor",
  text: catalogue(
    {
      unfit:
        "{name} has no scaling_factor and shift_factor: its latents are what a diffusion model sees, or each channel has a mean and a deviation of its own.",
    },
    {
      unfit:
        "{name} 没有 scaling_factor 和 shift_factor：它的潜变量就是扩散模型看到的，或者每个通道有自己的均值和标准差。",
    },
  ),
};
