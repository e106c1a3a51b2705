/** Whether a class says of a config what there is to say. */
import { checkMembers, object, optional, trueOrFalse, type Kinds, type MemberKind } from "./check-members.ts";
import type { ModelFacts } from "./model.ts";

const count: MemberKind = {
  expected: "a whole number above 0",
  fits: (value) => Number.isSafeInteger(value) && Number(value) > 0,
};
const nameOf = (...names: readonly string[]): MemberKind => ({
  expected: names.map((name) => `"${name}"`).join(" or "),
  fits: (value) => names.some((name) => name === value),
});

const factKinds: Kinds<ModelFacts> = {
  inChannels: count,
  outChannels: count,
  latentChannels: count,
  spatialFactor: count,
  sizes: nameOf("down", "up", "refused"),
  layout: nameOf("planes", "rows"),
  isOfFrames: optional(trueOrFalse),
  pictureMultiple: optional(count),
  pixelRange: nameOf("signed", "unit"),
  tiles: optional(object),
};

/** @throws INVALID_ARGUMENT unless a class says of a config what there is to say, each fact of its kind. */
export function checkFacts(facts: unknown, className: string): asserts facts is ModelFacts {
  checkMembers<ModelFacts>(facts, factKinds, `${className}: facts`, "ModelFacts");
}
