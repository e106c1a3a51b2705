/** The config of a class that is like no class of vaekit's: other keys, and a scaling of its own kind. */
import { VaekitError } from "../../src/errors.ts";
import {
  describeFound,
  describeRefusal,
  finiteNumber,
  listOf,
  positiveInteger,
  positiveNumber,
  type Check,
} from "../../src/models/config-checks.ts";
import type { ConfigSchema } from "../../src/models/index.ts";
import { isRecord } from "../../src/util/describe-value.ts";

export interface ToyConfig {
  /** Channels of pictures, both ways. */
  readonly pictureChannels: number;
  /** Channels of the code that stands for 4x4 pixels. */
  readonly codeChannels: number;
  readonly width: number;
  /** Mean and deviation of each channel of the code. */
  readonly codeCentre: readonly number[];
  readonly codeSpread: readonly number[];
}

export const toyClassName = "ToyAutoencoder";

const checks: {
  readonly [K in keyof ToyConfig]: { readonly key: string; readonly check: Check<ToyConfig[K]> };
} = {
  pictureChannels: { key: "picture_channels", check: positiveInteger(4) },
  codeChannels: { key: "code_channels", check: positiveInteger(64) },
  width: { key: "width", check: positiveInteger(256) },
  codeCentre: { key: "code_centre", check: listOf(finiteNumber, 64) },
  codeSpread: { key: "code_spread", check: listOf(positiveNumber, 64) },
};
const names = Object.keys(checks) as (keyof ToyConfig)[];

export const toyConfigSchema: ConfigSchema<ToyConfig> = {
  keys: names.map((name) => checks[name].key),
  parse: (json, subject) => {
    if (!isRecord(json)) throw wrong(`${subject}: expected an object, found ${describeFound(json)}.`);
    const values = names.map((name): [string, unknown] => {
      const { key, check } = checks[name];
      const result: { value: unknown } | { expected: string } = check(json[key]);
      if ("value" in result) return [name, result.value];
      throw wrong(`${subject}: ${key}: ${describeRefusal(result, json[key])}.`);
    });
    return { config: Object.fromEntries(values) as unknown as ToyConfig, warnings: [] };
  },
  format: (config) => {
    const entries = names.map((name): [string, unknown] => [checks[name].key, config[name]]);
    return `${JSON.stringify({ _class_name: toyClassName, ...Object.fromEntries(entries) }, null, 2)}\n`;
  },
};

const wrong = (message: string): VaekitError => new VaekitError("INVALID_CONFIG", message);
