/** What every amount of damage costs, measured one after the other while nothing else is asked for. */
import { psnr, type Raster } from "vaekit";
import type { Engine } from "../../engine/engine.svelte.ts";
import { series, type Series } from "../../engine/live.svelte.ts";
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

/** One for each of `amounts`. */
export function curve(
  engine: Engine,
  subject: Subject,
  way: () => Way,
  seed: () => number,
): Series<Measured> {
  return series(
    engine,
    () => {
      const original = subject.at(engine.size);
      return original && { original, way: way(), seed: seed() };
    },
    async function* (model, { original, ...harm }) {
      const z = await subject.latents(model, original);
      const decoded = async (latents: typeof z): Promise<Raster> =>
        model.postprocess((await model.decode(latents)).sample)[0]!;
      const whole = await decoded(z);
      for (const amount of amounts[harm.way]) {
        const picture = await decoded(damaged(model, z, { ...harm, amount }));
        yield { psnr: psnr(whole, picture), picture };
      }
    },
  );
}
