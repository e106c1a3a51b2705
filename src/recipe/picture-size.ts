/** The size of a recipe's training pictures, whatever they come from. */
import { mnistSide, type DataSection } from "./data-schema.ts";

export interface PictureSize {
  readonly channels: number;
  /** In pixels. */
  readonly height: number;
  readonly width: number;
}

/** The size of the pictures in a run's first phase. */
export function pictureSize(data: DataSection): PictureSize {
  if (data.type === "mnist") return { channels: 1, height: mnistSide, width: mnistSide };
  if (data.type === "tensors") return { channels: data.channels, height: data.height, width: data.width };
  return { channels: data.channels, height: data.resolution, width: data.resolution };
}

/** Sides of the training pictures in pixels, those of each phase. */
export function pictureSides(recipe: {
  readonly data: DataSection;
  readonly phases: readonly { readonly resolution: number }[];
}): number[] {
  const { height, width } = pictureSize(recipe.data);
  return [height, width, ...recipe.phases.map(({ resolution }) => resolution)];
}
