/** The graphs of a plan's steps, before they run. */
import { expect, test } from "vitest";
import { smallRecipe } from "../../test/train/small-recipe.ts";
import type { Graph } from "../graph/index.ts";
import { peakBytes } from "../memory/index.ts";
import { openTrainable } from "./classes/index.ts";
import { autoencoderGraph } from "./plan-graphs.ts";
import { planTraining } from "./plan.ts";

function stepOf(recompute: boolean): Graph {
  const recipe = smallRecipe({ recompute });
  const model = openTrainable(recipe);
  const plan = planTraining(recipe, { model, discriminator: undefined, weights: {}, totalSteps: 10 });
  return autoencoderGraph(plan, [2, 3, 64, 64], "update", false);
}

test("where the recipe says so, blocks are computed again in the backward pass, and less memory is alive", () => {
  const [once, again] = [stepOf(false), stepOf(true)];
  expect(again.nodes.length).toBeGreaterThan(once.nodes.length);
  expect(peakBytes(again)).toBeLessThan(0.9 * peakBytes(once));
});
