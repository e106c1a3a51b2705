/** What the decoder loses without each channel, measured one after the other while nothing else is asked for. */
import { psnr, type Raster } from "vaekit";
import { untrack } from "svelte";
import type { Engine, Model } from "../../engine/engine.svelte.ts";
import { psnrWithout } from "../../prerendered/index.ts";
import type { Subject } from "../../subject/subject.svelte.ts";
import { edited } from "./edits.ts";

export interface Losses {
  /** The PSNR in decibels of each channel's absence to the whole reconstruction; undefined until it is measured. */
  readonly decibels: readonly (number | undefined)[];
}

/** @param isPrerendered whether they were computed before the page was built. */
export function losses(engine: Engine, subject: Subject, isPrerendered: () => boolean): Losses {
  let measured = $state.raw<readonly (number | undefined)[]>([]);
  const known = $derived(isPrerendered());

  $effect(() => {
    const original = known ? undefined : subject.at(engine.size);
    const lanes: object[] = [];
    if (original !== undefined && engine.model !== undefined)
      untrack(() => {
        begin(original, lanes);
      });
    return () => {
      for (const lane of lanes) engine.cancel(lane);
    };
  });

  function begin(original: Raster, lanes: object[]): void {
    const channels = [...psnrWithout.keys()];
    measured = [];
    const whole = engine.latest(newLane(lanes), (model) => decoded(model, original, ""));
    for (const channel of channels) {
      void engine
        .latest(newLane(lanes), (model) => decoded(model, original, `${"k".repeat(channel)}z`))
        .then(async (picture) => {
          const complete = await whole;
          if (picture === undefined || complete === undefined) return;
          measured = psnrWithout.map((_, each) =>
            each === channel ? psnr(complete, picture) : measured[each],
          );
        });
    }
  }

  async function decoded(model: Model, original: Raster, edits: string): Promise<Raster> {
    const { latentDist } = await subject.encode(model, original);
    const { sample } = await model.decode(edited(latentDist.mode(), edits));
    return model.postprocess(sample)[0]!;
  }

  return {
    get decibels() {
      return known ? psnrWithout : measured;
    },
  };
}

function newLane(lanes: object[]): object {
  const lane = {};
  lanes.push(lane);
  return lane;
}
