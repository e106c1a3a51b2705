/** Every view. */
import { roundTrip } from "./round-trip/index.ts";
import type { View, ViewId } from "./view.ts";

export const views: Readonly<Record<ViewId, View>> = {
  "round-trip": roundTrip,
};
