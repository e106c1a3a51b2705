/** What the decoder loses without each channel, measured one after the other while nothing else is asked for. */
import { psnr, type Raster } from "vaekit";
import type { Engine, Model } from "../../engine/engine.svelte.ts";
import { series } from "../../engine/live.svelte.ts";
import { psnrWithout } from "../../prerendered/index.ts";
import type { Subject } from "../../subject/subject.svelte.ts";
import { edited } from "./edits.ts";

export interface Losses {
  /** The PSNR in decibels of each channel's absence to the whole reconstruction; undefined until it is measured. */
  readonly decibels: readonly (number | undefined)[];
}

/** @param isPrerendered whether they were computed before the page was built. */
export function losses(engine: Engine, subject: Subject, isPrerendered: () => boolean): Losses {
  const known = $derived(isPrerendered());
  const measured = series(
    engine,
    () => (known ? undefined : subject.at(engine.size)),
    async function* (model, original) {
      const z = await subject.latents(model, original);
      const whole = await decoded(model, z, "");
      for (let channel = 0; channel < z.shape[1]!; channel++) {
        yield psnr(whole, await decoded(model, z, `${"k".repeat(channel)}z`));
      }
    },
  );

  async function decoded(
    model: Model,
    z: Awaited<ReturnType<Subject["latents"]>>,
    edits: string,
  ): Promise<Raster> {
    const { sample } = await model.decode(edited(z, edits));
    return model.postprocess(sample)[0]!;
  }

  return {
    get decibels() {
      return known ? psnrWithout : measured.values;
    },
  };
}
