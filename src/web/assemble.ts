/** What a model in the browser has beside its config and weights. */
import { warningsOf, type OpenedModel } from "../vae/opened.ts";
import type { MakeEngine } from "../vae/coding-engine.ts";
import type { VaeParts } from "../vae/vae.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { webPictures } from "./pictures.ts";

/** @param warnings what is odd about the model's files. */
export function assemble(
  opened: OpenedModel,
  warnings: readonly string[],
  engine: MakeEngine,
  { onWarning }: FromPretrainedOptions,
): VaeParts {
  for (const warning of [...warnings, ...warningsOf(opened)]) onWarning?.(warning);
  return { ...opened, engine, pictures: webPictures, onWarning };
}
