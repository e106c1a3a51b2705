/** The terms of an objective over the batches of a step. */
import { VaekitError } from "../errors.ts";
import { firstNonFinite } from "../tensor/finite.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The order in which terms are looked at when one is not finite: causes before effects. */
const termOrder = [
  "scale",
  "reconstruction",
  "perceptual",
  "latent",
  "kl",
  "bits_per_dimension",
  "logvar",
  "generator",
  "adaptive_weight",
  "discriminator",
  "loss",
];

/** Gathers what the graphs of one step report. */
export class StepTerms {
  readonly #sums = new Map<string, number>();

  add(terms: Readonly<Record<string, Tensor>>): void {
    for (const [name, { data }] of Object.entries(terms)) {
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + Number(data[0]));
    }
  }

  /** Means over the batches; a norm exists once for each step. */
  means(batches: number): Record<string, number> {
    return Object.fromEntries(
      [...this.#sums].map(([name, sum]) => [name, name.endsWith("gradient_norm") ? sum : sum / batches]),
    );
  }
}

/** @throws RUNTIME when a term is not finite, with the name of the first such one. */
export function checkFinite(terms: Readonly<Record<string, number>>, step: number): void {
  const ordered = [...termOrder.filter((name) => name in terms), ...Object.keys(terms)];
  const name = ordered.find((each) => !Number.isFinite(terms[each]));
  if (name === undefined) return;
  const others = ordered
    .filter((each, index) => ordered.indexOf(each) === index && each !== name && Number.isFinite(terms[each]))
    .map((each) => `${each} ${terms[each]!.toPrecision(4)}`);
  const rest = others.length === 0 ? "" : ` (finite: ${others.join(", ")})`;
  throw new VaekitError(
    "RUNTIME",
    `Step ${step}: ${name} is ${terms[name]}${rest}. Lower the learning rate, or set optimizer.clip_norm.`,
  );
}

/**
 * A loss may be finite in the very step whose update is not.
 *
 * @param tensors by what they are, for the message.
 * @throws NOT_FINITE when one of them holds NaN or infinite values.
 */
export function checkFiniteTensors(tensors: Iterable<readonly [string, Tensor]>, step: number): void {
  for (const [name, tensor] of tensors) {
    if (firstNonFinite(tensor) === undefined) continue;
    throw new VaekitError(
      "NOT_FINITE",
      `Step ${step}: expected finite numbers in the model's ${name}, found NaN or infinite ones. Lower the learning rate, or set optimizer.clip_norm.`,
    );
  }
}
