/** What holds of recipes of every class that codes pictures by blocks of convolutions. */
import { VaekitError } from "../../errors.ts";
import type { BlocksConfig, ParsedConfig } from "../../models/index.ts";
import { adviceForName } from "../../util/nearest-name.ts";
import { isObject } from "../key-case.ts";
import { pictureSize, type PictureSize } from "../picture-size.ts";
import type { Problem } from "../problems.ts";
import type { ParsedRecipe } from "../schema.ts";
import { multiples, problem, type CheckedConfig } from "./recipe-rules.ts";

/** What contradicts the pictures in the config of a model of convolutions. @param factor pixels of one latent. */
export function* configProblems(
  { data, validation }: ParsedRecipe,
  config: Pick<BlocksConfig, "inChannels" | "outChannels">,
  factor: number,
): Generator<Problem> {
  const { channels, height, width } = pictureSize(data);
  const side = [height, width].find((each) => each % factor !== 0);
  if (side !== undefined && "resolution" in data) {
    yield problem(
      "data.resolution",
      `expected a multiple of the model's spatial factor ${factor}, found ${side}; ${multiples(side, factor)}.`,
    );
  } else if (side !== undefined) {
    yield problem(
      "model.config.block_out_channels",
      `expected levels whose factor divides the pictures' ${height} x ${width} pixels, found ${factor}. Each level but the last halves them.`,
    );
  }
  if (validation.resolution !== null && validation.resolution % factor !== 0) {
    const found = validation.resolution;
    yield problem(
      "validation.resolution",
      `expected a multiple of the model's spatial factor ${factor}, found ${found}; ${multiples(found, factor)}.`,
    );
  }
  for (const [key, found] of [
    ["in_channels", config.inChannels],
    ["out_channels", config.outChannels],
  ] as const) {
    if (found !== channels) {
      yield problem(
        `model.config.${key}`,
        `expected the data's ${channels} channels, found ${found}; leave it out.`,
      );
    }
  }
}

/** A config from scratch with what the data and the number of levels say where it says nothing. */
export function withDerivedKeys(
  config: Record<string, unknown>,
  { channels, height, width }: PictureSize,
  defaults: Pick<BlocksConfig, "blockOutChannels">,
): Record<string, unknown> {
  const channelsOut = config.block_out_channels ?? defaults.blockOutChannels;
  const levels = Array.isArray(channelsOut) ? channelsOut.length : 1;
  return {
    in_channels: channels,
    out_channels: channels,
    down_block_types: Array<string>(levels).fill("DownEncoderBlock2D"),
    up_block_types: Array<string>(levels).fill("UpDecoderBlock2D"),
    sample_size: Math.max(height, width),
    ...config,
  };
}

/** How a class reads its config. */
interface ConfigOfClass {
  readonly className: string;
  /** The keys of its config.json. */
  readonly keys: readonly string[];
  readonly parse: (json: unknown, subject: string) => ParsedConfig<object>;
}

/** model.config through the model's own parser. A file of another program may have keys of its own; a recipe may not. */
export function checkConfig(
  model: Record<string, unknown>,
  { className, keys, parse }: ConfigOfClass,
): CheckedConfig {
  if (!isObject(model.config)) return { problems: [] };
  const path = ["model", "config"];
  const unknown = Object.keys(model.config).filter((key) => !key.startsWith("_") && !keys.includes(key));
  const problems = unknown.map((key): Problem => {
    const advice = adviceForName(key, keys, "keys");
    return { path: [...path, key], message: `${className} has no such key; ${advice}` };
  });
  try {
    return { value: parse(model.config, "").config, problems };
  } catch (error) {
    if (!(error instanceof VaekitError)) throw error;
    const match = /^: (?:([a-z_]+): )?(.*)$/s.exec(error.message);
    const key = match?.[1];
    problems.push({ path: key === undefined ? path : [...path, key], message: match?.[2] ?? error.message });
    return { problems };
  }
}
