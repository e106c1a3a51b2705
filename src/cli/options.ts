/** Options that several commands share, and the parsers of their values. */
import { InvalidArgumentError, Option, type Command } from "commander";
import {
  devices,
  Generator,
  modelFamilies,
  tilingModes,
  type Device,
  type ModelFamily,
  type Tiling,
} from "../node/index.ts";
import { UsageError } from "./failure.ts";
import type { SizeRule } from "./pictures.ts";

/** Which model a command works with. */
export interface ModelOptions {
  /** A folder, a file or a hub id; the model inside the package when left out. */
  model?: string;
  as?: ModelFamily;
  config?: string;
  variant?: string;
  subfolder?: string;
  revision?: string;
  cacheDir?: string;
  offline?: boolean;
  device?: Device;
}

export interface JsonOptions {
  json?: boolean;
}

/** How large pictures are processed. */
export interface TilingOptions {
  tiling?: Tiling;
  /** In bytes. */
  memory?: number;
  tempDir?: string;
}

/** Which pictures are taken, and how large they become. */
export interface PictureOptions {
  size: SizeRule;
  maxPixels?: number;
  strict?: boolean;
}

export interface SampleOptions {
  sample?: boolean;
  /** Of `sample`; 0 when left out. */
  seed?: number;
}

/** Adds `--model` and everything that says how to find and read it. */
export function addModelOptions(command: Command): Command {
  return command
    .option(
      "-m, --model <model>",
      "folder, .safetensors file or hub id ORG/NAME (default: the built-in model)",
    )
    .addOption(
      new Option("--as <family>", "family of a single file that does not say it").choices(
        Object.keys(modelFamilies),
      ),
    )
    .option("--config <file>", "config.json for a single file")
    .option("--variant <name>", "variant of the weights, such as fp16")
    .option("--subfolder <name>", "folder of the VAE inside the model's, such as vae")
    .option("--revision <name>", "branch, tag or commit on the hub")
    .option("--cache-dir <dir>", "where downloads from the hub lie (default: the cache that Python shares)")
    .option("--offline", "take models from the cache only")
    .addOption(new Option("--device <name>", "where to compute").choices(devices));
}

/** Adds `--json`. */
export function addJsonOption(command: Command): Command {
  return command.option("--json", "print JSON for programs");
}

/** Adds `--tiling`, `--memory` and `--temp-dir`. */
export function addTilingOption(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--tiling <mode>",
        "off: the whole picture; exact: in strips, same result, bounded memory; auto: the faster of these that fits (default); diffusers: its tiles, with other numbers",
      ).choices(tilingModes),
    )
    .option(
      "--memory <size>",
      "what the process may hold, such as 900MB or 1.5GiB (default: most of the memory that is free)",
      parseBytes,
    )
    .option("--temp-dir <dir>", "where the temporary file of a small --memory goes");
}

/** Adds `--size`, `--max-pixels` and `--strict`. */
export function addPictureOptions(command: Command, defaultSize: string): Command {
  return command
    .addOption(
      new Option(
        "--size <size>",
        "N (pixels of the short side, proportions kept), WxH (cut to shape) or original; smaller pictures are enlarged; sides are cut down to a multiple of the model's factor, unless it fills them up",
      )
        .argParser(parseSize)
        .default({ ...parseSize(defaultSize), isDefault: true }, defaultSize),
    )
    .option("--max-pixels <n>", "refuse pictures with more pixels (default: 100000000)", parseCount)
    .option(
      "--strict",
      "stop at the first picture of a folder that cannot be read, instead of leaving it out",
    );
}

/** Adds `--sample` and `--seed`. */
export function addSampleOptions(command: Command): Command {
  return command
    .option("--sample", "draw the latents from the posterior instead of taking its mode")
    .option("--seed <n>", "seed of --sample; the same numbers as torch.manual_seed (default: 0)", parseSeed);
}

/** The generator of `--sample`. @throws UsageError for `--seed` without `--sample`, which draws nothing. */
export function sampleGenerator({ sample, seed }: SampleOptions): Generator {
  if (seed !== undefined && sample !== true) {
    throw new UsageError(
      "--seed is for --sample: nothing is drawn without it. Add --sample, or leave --seed out.",
    );
  }
  return Generator.torch(seed ?? 0);
}

/** `512`, `768x512` or `original`. */
export function parseSize(text: string): SizeRule {
  if (text === "original") return { kind: "original" };
  const pair = /^(\d{1,6})x(\d{1,6})$/i.exec(text);
  if (pair !== null) return { kind: "exact", ...positivePair(pair[1]!, pair[2]!) };
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return { kind: "short-side", pixels: Number(text) };
  throw new InvalidArgumentError("Expected a number of pixels, WxH or original; no side above 999999.");
}

/** `768x512`. */
export function parseWidthHeight(text: string): { width: number; height: number } {
  const pair = /^(\d{1,6})x(\d{1,6})$/i.exec(text);
  if (pair !== null) return positivePair(pair[1]!, pair[2]!);
  throw new InvalidArgumentError("Expected WxH in pixels; no side above 999999.");
}

function positivePair(width: string, height: string): { width: number; height: number } {
  if (Number(width) > 0 && Number(height) > 0) return { width: Number(width), height: Number(height) };
  throw new InvalidArgumentError("Expected a width and a height of at least 1.");
}

/** `256` for a square, or `768x512`. */
export function parseSquareOrPair(text: string): { width: number; height: number } {
  if (!/^\d{1,6}(?:x\d{1,6})?$/i.test(text)) {
    throw new InvalidArgumentError("Expected N or WxH in pixels; no side above 999999.");
  }
  return parseWidthHeight(/x/i.test(text) ? text : `${text}x${text}`);
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 1 to 999999999.");
}

const byteUnits: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, MIB: 2 ** 20, GIB: 2 ** 30 };

/** `900MB`, `2 GB` or `1.5GiB`, in bytes. */
export function parseBytes(text: string): number {
  const [, count, unit = ""] = /^(\d{1,9}(?:\.\d{1,9})?) ?([MG]i?B)$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(count) * (byteUnits[unit.toUpperCase()] ?? NaN));
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError("Expected a size such as 900MB, 2GB or 1.5GiB.");
}

/** A whole number of at least 0. */
export function parseSeed(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("Expected a whole number of at least 0.");
}
