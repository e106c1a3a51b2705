/** Every view. */
import { between } from "./between/index.ts";
import { channels } from "./channels/index.ts";
import { paint } from "./paint/index.ts";
import { posterior } from "./posterior/index.ts";
import { robustness } from "./robustness/index.ts";
import { roundTrip } from "./round-trip/index.ts";
import { scaling } from "./scaling/index.ts";
import { train } from "./train/index.ts";
import type { View, ViewId } from "./view.ts";

export const views: Readonly<Record<ViewId, View>> = {
  "round-trip": roundTrip,
  channels,
  paint,
  posterior,
  scaling,
  between,
  robustness,
  train,
};
