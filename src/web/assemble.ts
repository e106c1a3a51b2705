/** What a model in the browser has beside its config and weights. */
import type { Runtime } from "../runtime/index.ts";
import { warningsOf, type OpenedModel } from "../vae/opened.ts";
import { localEngine } from "../vae/local-engine.ts";
import type { VaeParts } from "../vae/vae.ts";
import { browser } from "./machine.ts";
import type { FromPretrainedOptions } from "./opening-options.ts";
import { webPictures } from "./pictures.ts";

/** @param warnings what is odd about the model's files. */
export function assemble(
  opened: OpenedModel,
  warnings: readonly string[],
  runtime: Runtime,
  { onWarning }: FromPretrainedOptions,
): VaeParts {
  for (const warning of [...warnings, ...warningsOf(opened)]) onWarning?.(warning);
  return { ...opened, engine: localEngine(runtime, browser), pictures: webPictures };
}
