/** What a model in Node has beside its config and weights: a runtime, what is known of the machine, and pictures through sharp. */
import { localEngine } from "../vae/local-engine.ts";
import type { VaeParts } from "../vae/vae.ts";
import { warningsOf, type OpenedModel } from "../vae/opened.ts";
import { thisMachine } from "./machine.ts";
import { openRuntime } from "./open-runtime.ts";
import type { RuntimeOptions } from "./opening-options.ts";
import { nodePictures } from "./pictures.ts";
import { warner } from "./warner.ts";

/** @param warnings what is odd about the model's files. */
export function assemble(
  opened: OpenedModel,
  warnings: readonly string[],
  options: RuntimeOptions,
): VaeParts {
  const warn = warner(options);
  [...warnings, ...warningsOf(opened)].forEach(warn);
  const runtime = openRuntime(options, warn);
  const engine = localEngine(runtime, thisMachine(runtime, warn));
  return { ...opened, engine, pictures: nodePictures, onWarning: warn };
}
