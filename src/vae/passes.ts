/** One half of a model over a batch: by samples if sliced, by tiles if tiled, else as a whole; every result checked. */
import type { Graph } from "../graph/index.ts";
import type { InputSize, ModelFacts } from "../models/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { joinBatch, splitBatch } from "./batch.ts";
import type { Coder } from "./coder.ts";
import { checkFiniteResult, type Suspect } from "./non-finite.ts";
import type { CodingOptions, Half } from "./options.ts";
import { processRamped } from "./ramp-tiling.ts";
import { tileCount, tilesFor, type TileSizes } from "./tile-sizes.ts";
import { processTiled } from "./tiling.ts";

type Planes = Tensor<"float32">;

/** What of a model the passes need. */
export interface PassesParts {
  /** For messages. */
  readonly name: string;
  readonly facts: ModelFacts;
  readonly runtime: Runtime;
  readonly coder: Coder;
  readonly graph: (half: Half, size: InputSize) => Graph;
  /** Of the decoder's tiles, where they are decoded in another way than whole pictures. */
  readonly tileDecoder?: TileCoder | undefined;
}

/** What decodes tiles, and makes pixels of what was joined. */
export interface TileCoder {
  readonly coder: Coder;
  readonly finished: (joined: Planes) => Planes;
}

/** @throws NOT_FINITE, and as the coder does. */
export async function runPasses(
  parts: PassesParts,
  half: Half,
  x: Planes,
  options: CodingOptions,
): Promise<Planes> {
  const tiles = options.tiling === "diffusers" ? tilesFor(x, parts.facts, half) : { input: x };
  const batches = options.slicing === true ? splitBatch(tiles.input) : [tiles.input];
  const total = batches.length * tileCount(tiles);
  const ofTiles = half === "decoder" && tiles.sizes !== undefined ? parts.tileDecoder : undefined;
  const { coder } = ofTiles ?? parts;
  let done = 0;
  let firstPicture = 0;
  const run = async (input: Planes): Promise<Planes> => {
    const result = await coder.code(half, input, options);
    if (options.checkFinite !== false) {
      await checkFiniteResult(suspectIn(parts, half), { input, result, batch: x, firstPicture });
    }
    options.onProgress?.({ done: ++done, total });
    return result;
  };
  options.onProgress?.({ done, total });
  const results: Planes[] = [];
  for (const batch of batches) {
    results.push(await inTiles(batch, tiles.sizes, run));
    firstPicture += batch.shape[0]!;
  }
  const joined = joinBatch(results);
  return ofTiles?.finished(joined) ?? joined;
}

function inTiles(
  batch: Planes,
  sizes: TileSizes | undefined,
  run: (tile: Planes) => Promise<Planes>,
): Promise<Planes> {
  if (sizes === undefined) return run(batch);
  return sizes.join === "ramp" ? processRamped(batch, sizes, run) : processTiled(batch, sizes, run);
}

function suspectIn({ name, facts, runtime, graph }: PassesParts, half: Half): Suspect {
  const graphOf = ([batch, , height = 1, width = 1]: Shape): Graph =>
    graph(half, { batch: batch!, height, width });
  return { name, half, runtime, graphOf, sideUnit: half === "encoder" ? facts.spatialFactor : 1 };
}
