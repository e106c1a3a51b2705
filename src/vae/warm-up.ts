/** Gets a model ready: what engines put off until a first picture happens before there is one. */
import type { ModelFacts } from "../models/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, wholeNumber, type OptionKinds } from "../util/check-options.ts";
import type { CodingEngine } from "./coding-engine.ts";
import type { Half } from "./options.ts";

/** The options of `warmUp`. */
export interface WarmUpOptions {
  /**
   * The side of a square picture in pixels, rounded up to one that the model can have. With that of the pictures to come their
   * sessions are ready, too. @default 128: enough for a browser to see which parts of its WebAssembly are worth compiling well
   */
  readonly size?: number;
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal;
}

const usualSize = 128;
const warmUpKinds: OptionKinds<WarmUpOptions> = { size: wholeNumber(1), signal: optionKinds.signal };

export function checkWarmUpOptions(options: WarmUpOptions): void {
  checkOptions("warmUp", options, warmUpKinds);
}

/** Sends zeros through the halves. */
export async function warmUp(
  engine: CodingEngine,
  halves: readonly Half[],
  facts: ModelFacts,
  { size = usualSize, signal }: WarmUpOptions,
): Promise<void> {
  for (const half of halves) {
    await engine.code(half, Tensor.zeros(shapeFor(half, size, facts)), {
      checkFinite: false,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

function shapeFor(half: Half, size: number, facts: ModelFacts): number[] {
  const { inChannels, latentChannels, layout, spatialFactor, pictureMultiple = spatialFactor } = facts;
  const channels = half === "encoder" ? inChannels : latentChannels;
  if (layout === "rows") return [1, channels];
  const pixels = pictureMultiple * Math.ceil(size / pictureMultiple);
  const side = half === "encoder" ? pixels : pixels / spatialFactor;
  return [1, channels, side, side];
}
