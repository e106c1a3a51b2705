/** Which values several segments need that are too dear to compute in each of them anew. */
import type { Node, Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Step } from "./step.ts";

/**
 * Multiplications for each element above which a map is kept: to write it and to read it again takes as long as about so many, by
 * the prices of a processor that has not been measured (cost/cost-table.ts, plan/strip-plan.ts).
 */
const worthKeeping = 200;

/**
 * The sums along which a model without group normalisation carries its picture from block to block: each block adds to what all blocks
 * before it have added, so a segment that reads such a sum would compute all of these again.
 *
 * @param steps in order.
 * @param kept the maps that are kept anyway, by name; those that are found are added.
 */
export function keepSharedSums(steps: readonly Step[], kept: Set<string>): void {
  const producers = new Map(steps.map((step) => [step.output.name, step]));
  const destinations = destinationsOf(steps, kept);
  for (const step of steps) {
    const { name, shape } = step.output;
    const { own, readers } = destinations.get(name)!;
    // Where one reader has all of the destinations, the two are computed together everywhere: the reader may be kept.
    const isBranch = own.size > 1 && readers.every((reader) => reader.size < own.size);
    if (kept.has(name) || !isBranch) continue;
    if (multiplications(step, producers, kept) > worthKeeping * sizeOf(shape)) kept.add(name);
  }
}

interface Destinations {
  /** The kept maps that are computed from a value without another kept map in between. */
  readonly own: ReadonlySet<string>;
  /** The same for each step that reads the value. */
  readonly readers: readonly ReadonlySet<string>[];
}

function destinationsOf(
  steps: readonly Step[],
  kept: ReadonlySet<string>,
): ReadonlyMap<string, Destinations> {
  const readers = new Map<string, ReadonlySet<string>[]>();
  const result = new Map<string, Destinations>();
  for (const step of steps.toReversed()) {
    const { name } = step.output;
    const ofReaders = readers.get(name) ?? [];
    const own = new Set(ofReaders.flatMap((reader) => [...reader]));
    result.set(name, { own, readers: ofReaders });
    const passedOn = kept.has(name) ? new Set([name]) : own;
    for (const input of new Set(step.inputs.map((value) => value.name))) {
      const known = readers.get(input);
      if (known === undefined) readers.set(input, [passedOn]);
      else known.push(passedOn);
    }
  }
  return result;
}

/** What it takes to compute a value from kept maps. */
function multiplications(
  step: Step,
  producers: ReadonlyMap<string, Step>,
  kept: ReadonlySet<string>,
): number {
  const seen = new Set<Step>();
  const visit = (each: Step): number => {
    if (seen.has(each)) return 0;
    seen.add(each);
    const before = each.inputs.flatMap(({ name }) => (kept.has(name) ? [] : (producers.get(name) ?? [])));
    return before.reduce((sum, source) => sum + visit(source), "kind" in each ? 0 : ownMultiplications(each));
  };
  return visit(step);
}

function ownMultiplications({ operator, inputs, output }: Node): number {
  const [x, weight] = inputs as [Value, Value];
  if (operator === "Conv") return (sizeOf(output.shape) * sizeOf(weight.shape)) / weight.shape[0]!;
  if (operator === "ConvTranspose") return (sizeOf(x.shape) * sizeOf(weight.shape)) / weight.shape[0]!;
  return 0;
}
