/** What the file of measured prices holds. Loaded when there is one, as zod is slow to load. */
import { z } from "zod";
import { providers } from "../cost-profile.ts";

/** Grows when the meaning of the numbers changes. */
export const format = 1;

const price = z.number().nonnegative();
const algorithmCost = z.object({ flop: price, input: price, output: price, weight: price, far: price });
const entry = z.object({
  processor: z.string(),
  runtimeVersion: z.string(),
  profile: z.object({
    provider: z.enum(providers),
    threadCount: z.int().positive(),
    run: price,
    element: price,
    farElement: price,
    direct: algorithmCost,
    tiles: z.object({
      2: algorithmCost.optional(),
      4: algorithmCost.optional(),
      6: algorithmCost.optional(),
    }),
  }),
});
export const cacheFile = z.object({ format: z.literal(format), entries: z.array(entry) });

export type Entry = z.infer<typeof entry>;
