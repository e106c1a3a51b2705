/** How the latents of published models are scaled, to recognise latents by their numbers. */
import type { LatentScaling } from "../latents/index.ts";
import { modelFamilies, publishedStatistics, type Statistics } from "../models/index.ts";

/** A published model and the scaling of its latents. */
export interface PublishedScaling {
  /** As people call it. */
  readonly name: string;
  readonly scaling: LatentScaling;
}

const byStatistics = (name: string, { latentsMean, latentsStd }: Statistics): PublishedScaling => ({
  name,
  scaling: { kind: "meanStd", latentChannels: latentsMean.length, mean: latentsMean, std: latentsStd },
});

export const publishedScalings: readonly PublishedScaling[] = [
  ...Object.values(modelFamilies).map(({ label, latentChannels, scalingFactor, shiftFactor }) => ({
    name: label,
    scaling: {
      kind: "factor",
      latentChannels,
      scalingFactor,
      shiftFactor: shiftFactor ?? 0,
    } as const,
  })),
  ...Object.entries(publishedStatistics).map(([name, statistics]) => byStatistics(name, statistics)),
];
