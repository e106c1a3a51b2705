/** Reads test/fixtures: the manifest's cases and the tensors that tools/reference/make_fixtures.py computed. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dtypes, type DType } from "../../src/tensor/dtype.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

/** A tiny model with diffusers' encode and decode of one input. */
export interface ModelCase {
  readonly name: string;
  readonly covers: string;
  readonly folder: string;
  readonly golden: string;
  /** Whether the golden holds `tiled_parameters` and `tiled_sample` instead of `parameters` and `sample`. */
  readonly tiled: boolean;
}

/** A tiny model of videos, with diffusers' encode and decode of one frame. */
export interface VideoModelCase extends ModelCase {
  /** `_class_name` in its config.json. */
  readonly class_name: string;
  /** Of a tiled one: the side of a tile, in what the network sees as pixels, of which a quarter overlaps. */
  readonly tile?: number;
}

/** A tiny model with a codebook, with diffusers' encode, quantise and decode. */
export interface VQModelCase extends NamedCase {
  readonly covers: string;
  readonly folder: string;
}

/** The tiny model of weights/ in one file layout. */
export interface WeightsCase {
  readonly name: string;
  readonly kind: "folder" | "single_file";
  readonly path: string;
  /** What the weights were rounded to when they were stored. */
  readonly dtype: "float32" | "float16" | "bfloat16";
  readonly golden_prefix: "" | "flux_";
  readonly subfolder?: string;
  readonly variant?: string;
  /** For a single file: the config.json that goes with it. */
  readonly config?: string;
}

/** A case whose name and golden file say everything. */
export interface NamedCase {
  readonly name: string;
  readonly golden: string;
}

export interface PackingCase extends NamedCase {
  readonly height: number;
  readonly width: number;
  readonly vae_scale_factor: number;
}

export interface PreprocessCase {
  readonly name: string;
  /** The picture: `source/<source>` in the golden. */
  readonly source: "rgb" | "gray" | "rgba" | "alpha";
  readonly height: number | null;
  readonly width: number | null;
  readonly resample: "lanczos" | "bilinear" | "bicubic" | "nearest";
  readonly resize_mode: "default" | "fill" | "crop";
  /** The processor's switch, in diffusers' name. */
  readonly converter: "do_convert_rgb" | "do_convert_grayscale" | "do_binarize" | null;
}

/** Two pictures and how far apart scikit-image finds them. */
export interface MetricsCase {
  readonly a: string;
  readonly b: string;
  readonly psnr: number;
  readonly ssim: number;
}

interface Manifest {
  readonly models: readonly ModelCase[];
  readonly flux2_models: readonly ModelCase[];
  readonly tiny_models: readonly ModelCase[];
  readonly video_models: readonly VideoModelCase[];
  readonly vq_models: readonly VQModelCase[];
  readonly dc_models: readonly ModelCase[];
  readonly hunyuan_image: readonly ModelCase[];
  readonly weights: readonly WeightsCase[];
  readonly posterior: readonly NamedCase[];
  readonly latents: readonly PackingCase[];
  readonly images: {
    readonly golden: string;
    readonly preprocess: readonly PreprocessCase[];
    readonly metrics: readonly MetricsCase[];
  };
  readonly initialization: readonly NamedCase[];
  readonly random: readonly NamedCase[];
}

/** The path on disk of a file that the manifest names. */
export function fixturePath(relative: string): string {
  return fileURLToPath(new URL(`../fixtures/${relative}`, import.meta.url));
}

/** The parsed content of a JSON fixture; the caller knows its form. */
export function readJson(relative: string): unknown {
  return JSON.parse(readFileSync(fixturePath(relative), "utf8"));
}

export const manifest = readJson("manifest.json") as Manifest;

const dtypeOf: Readonly<Record<string, DType>> = {
  F32: "float32",
  F64: "float64",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  U8: "uint8",
};

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Tensors by name; a name that is not there throws, so that no comparison passes for want of a golden. */
export class Goldens {
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #path: string;

  constructor(path: string, tensors: ReadonlyMap<string, Tensor>) {
    this.#path = path;
    this.#tensors = tensors;
  }

  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  get(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`${this.#path} has no tensor ${name}`);
    return tensor;
  }
}

/**
 * Reads a .safetensors fixture whole. It shares no code with src/weights on purpose: a fault there must not bend
 * inputs and goldens alike.
 */
export function readGoldens(relative: string): Goldens {
  const file = readFileSync(fixturePath(relative));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + headerLength)) as Record<string, HeaderEntry>;
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") tensors.set(name, tensorAt(file, 8 + headerLength, entry));
  }
  return new Goldens(relative, tensors);
}

function tensorAt(file: Buffer, dataStart: number, entry: HeaderEntry): Tensor {
  const dtype = dtypeOf[entry.dtype];
  if (dtype === undefined) throw new Error(`fixtures: no dtype for ${entry.dtype}`);
  const [start, end] = entry.data_offsets;
  // A copy: typed arrays need an aligned start.
  const bytes = new Uint8Array(file.subarray(dataStart + start, dataStart + end));
  return Tensor.from(new dtypes[dtype].array(bytes.buffer), entry.shape, dtype);
}
