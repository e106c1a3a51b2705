/** Whether a model of pictures fits those of its recipe. */
import { VaekitError } from "../../errors.ts";
import type { BlocksConfig } from "../../models/index.ts";
import { pictureSides, pictureSize, type Recipe } from "../../recipe/index.ts";

/** What the recipe's own checks cannot know of a pretrained model. */
export function checkPictures(
  recipe: Recipe,
  config: Pick<BlocksConfig, "inChannels" | "outChannels">,
  factor: number,
): void {
  const side = pictureSides(recipe).find((each) => each % factor !== 0);
  if (side !== undefined) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `data.resolution: expected a multiple of the model's spatial factor ${factor}, also in phases, found ${side}.`,
    );
  }
  const { channels } = pictureSize(recipe.data);
  if (config.inChannels !== channels || config.outChannels !== channels) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `data.channels: expected the model's ${config.inChannels} channels in and ${config.outChannels} out, found ${channels}.`,
    );
  }
}
