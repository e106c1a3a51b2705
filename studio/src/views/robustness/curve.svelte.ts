/** What every amount of damage costs, measured one after the other while nothing else is asked for. */
import { psnr, type Raster } from "vaekit";
import { untrack } from "svelte";
import type { Engine, Model } from "../../engine/engine.svelte.ts";
import type { Subject } from "../../subject/subject.svelte.ts";
import { damaged, type Way } from "./damage.ts";

/** Along the slider of each way; a prior sample has none. */
export const amounts: Readonly<Record<Way, readonly number[]>> = {
  bits: [2, 3, 4, 5, 6, 7, 8],
  noise: [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1],
  prior: [],
};

interface Measured {
  /** To the unharmed reconstruction, in decibels. */
  readonly psnr: number;
  readonly picture: Raster;
}

export interface Curve {
  /** As far as they are measured, each as its amount has its place in `amounts`. */
  readonly points: readonly (Measured | undefined)[];
}

export function curve(engine: Engine, subject: Subject, way: () => Way, seed: () => number): Curve {
  let points = $state.raw<Curve["points"]>([]);
  $effect(() => {
    const original = subject.at(engine.size);
    const harm = { way: way(), seed: seed() };
    const lanes: object[] = [];
    if (original !== undefined && engine.model !== undefined)
      untrack(() => {
        begin(original, harm, lanes);
      });
    return () => {
      for (const lane of lanes) engine.cancel(lane);
    };
  });

  function begin(original: Raster, harm: { way: Way; seed: number }, lanes: object[]): void {
    points = [];
    const lane = (): object => lanes[lanes.push({}) - 1]!;
    const whole = engine.latest(lane(), (model) => decoded(model, original));
    for (const [i, amount] of amounts[harm.way].entries()) {
      void engine
        .latest(lane(), (model) => decoded(model, original, { ...harm, amount }))
        .then(async (picture) => {
          const complete = await whole;
          if (picture === undefined || complete === undefined) return;
          points = amounts[harm.way].map((_, each) =>
            each === i ? { psnr: psnr(complete, picture), picture } : points[each],
          );
        });
    }
  }

  async function decoded(
    model: Model,
    original: Raster,
    harm?: Parameters<typeof damaged>[2],
  ): Promise<Raster> {
    const { latentDist } = await subject.encode(model, original);
    const z = latentDist.mode();
    const { sample } = await model.decode(harm === undefined ? z : damaged(model, z, harm));
    return model.postprocess(sample)[0]!;
  }
  return {
    get points() {
      return points;
    },
  };
}
