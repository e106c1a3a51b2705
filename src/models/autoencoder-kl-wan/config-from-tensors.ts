/**
 * The config of weights without a config.json: what their shapes say, and the statistics of the published model with as
 * many latent channels, each under what the caller says.
 */
import { VaekitError } from "../../errors.ts";
import { describeFound } from "../config-checks.ts";
import { readKeys, refuseContradictions } from "../config-keys.ts";
import type { GivenSources, ParsedConfig, TensorShapes } from "../model.ts";
import { completed, type WanClass } from "./config.ts";
import { networkOf } from "./infer-architecture.ts";
import type { WanBlocksConfig } from "./keys.ts";
import { qwenImage21, wan21, wan22, type Statistics } from "./published.ts";

export { isWanNetwork } from "./infer-architecture.ts";

/** @throws INVALID_CONFIG when nothing says the statistics, or the caller contradicts the shapes; WEIGHTS_MISMATCH. */
export function configFromTensors<Config extends WanBlocksConfig>(
  tensors: TensorShapes,
  { as, config: given }: GivenSources,
  { wanClass, subject }: { readonly wanClass: WanClass<Config>; readonly subject: string },
): ParsedConfig<Config> {
  const { table } = wanClass;
  const [className] = table.classNames;
  if (as !== undefined) {
    const message = `${subject}: \`as\` names a family of AutoencoderKLs, found ${describeFound(as)} for an ${className}, whose scaling its tensors tell. Leave it out.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  const network = networkOf(tensors, subject, className);
  const said = wanClass.keysOfNetwork(network);
  const read =
    given === undefined
      ? { values: {}, warnings: [] }
      : readKeys(given.json, given.subject, given.isFile ? "given file" : "object", table);
  refuseContradictions<Config>(said, Object.keys(said) as (keyof Config & string)[], read.values, subject);
  const values = { ...statisticsOf(network.latentChannels, read.values, subject), ...said, ...read.values };
  return { config: completed<Config>(values, wanClass, subject), warnings: read.warnings };
}

const published: readonly Statistics[] = [wan21, wan22, qwenImage21];

/** Of the published model with so many latent channels; no others have so many. */
function statisticsOf(
  latentChannels: number,
  given: Partial<WanBlocksConfig>,
  subject: string,
): Statistics | undefined {
  if (given.latentsMean !== undefined && given.latentsStd !== undefined) return undefined;
  const known = published.find(({ latentsMean }) => latentsMean.length === latentChannels);
  if (known !== undefined) return known;
  const message = `${subject} has ${latentChannels} latent channels, as no published model has: latents_mean and latents_std cannot be told from the file. Pass \`config\`.`;
  throw new VaekitError("INVALID_CONFIG", message);
}
