/** Ways between latents, and sums of them: what a latent space is explored with. */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { checkValue, oneOf, optionKinds } from "../util/check-options.ts";
import { describeValue } from "../util/describe-value.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * - `lerp`: the straight line. Between independent latents its middle is shorter than both ends.
 * - `slerp`: the arc, along which the length changes evenly. For latents of mean 0 (normalized ones).
 */
export const interpolations = ["slerp", "lerp"] as const;
/** One of {@link interpolations}. */
export type Interpolation = (typeof interpolations)[number];

/** Below this sine of the angle between two vectors, the arc is a straight line, or any. */
const minSine = 1e-6;

/**
 * The latents at `fraction` of the way from `a` (0) to `b` (1); each sample of the batch goes its own way.
 *
 * @param a latents [N, …], any float dtype.
 * @param b latents of the same shape.
 * @param fraction beyond 0 and 1 the way goes on.
 * @returns float32 of the same shape.
 * @throws INVALID_ARGUMENT when the shapes differ or `fraction` is not finite.
 */
export function interpolateLatents(
  a: Tensor,
  b: Tensor,
  fraction: number,
  kind: Interpolation = "slerp",
): Tensor<"float32"> {
  checkSame(a, b, "interpolateLatents");
  checkValue("interpolateLatents: fraction", fraction, optionKinds.finiteNumber);
  checkValue("interpolateLatents: kind", kind, oneOf(interpolations));
  const [from, to] = [a.toFloat32().data, b.toFloat32().data];
  const out = new Float32Array(from.length);
  const perSample = from.length / Math.max(1, a.shape[0] ?? 1);
  for (let start = 0; start < out.length; start += perSample) {
    const end = start + perSample;
    const straight = [1 - fraction, fraction] as const;
    const [first, second] =
      kind === "lerp"
        ? straight
        : (arcWeights(from.subarray(start, end), to.subarray(start, end), fraction) ?? straight);
    for (let i = start; i < end; i++) out[i] = first * from[i]! + second * to[i]!;
  }
  return Tensor.from(out, a.shape);
}

/** The weights of both ends on the arc between them; undefined where it is no arc. */
function arcWeights(a: Float32Array, b: Float32Array, fraction: number): [number, number] | undefined {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  const cosine = product / Math.sqrt(squareA * squareB);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  if (!(sine > minSine)) return undefined;
  return [Math.sin((1 - fraction) * angle) / sine, Math.sin(fraction * angle) / sine];
}

/**
 * `steps` latents from `a` to `b`, both included, at equal distances.
 *
 * @param a latents of one sample, [1, …].
 * @returns float32 [steps, …].
 * @throws INVALID_ARGUMENT when the shapes differ, a batch is larger than 1, or `steps` is below 2.
 */
export function interpolationPath(
  a: Tensor,
  b: Tensor,
  steps: number,
  kind: Interpolation = "slerp",
): Tensor<"float32"> {
  checkSame(a, b, "interpolationPath");
  if (a.shape[0] !== 1) {
    throw invalid(
      `interpolationPath: expected latents of one sample, [1, …], found ${formatShape(a.shape)}.`,
    );
  }
  if (!Number.isSafeInteger(steps) || steps < 2) {
    throw invalid(
      `interpolationPath: expected at least 2 steps, both ends included, found ${describeValue(steps)}.`,
    );
  }
  checkValue("interpolationPath: kind", kind, oneOf(interpolations));
  const out = Tensor.zeros([steps, ...a.shape.slice(1)]);
  for (let i = 0; i < steps; i++) {
    out.data.set(interpolateLatents(a, b, i / (steps - 1), kind).data, i * a.size);
  }
  return out;
}

/**
 * The weighted sum of latents: `a - b + c` with weights 1, -1 and 1.
 *
 * @param terms latents of one shape; normalized ones, unless the weights sum to 1.
 * @returns float32 of that shape.
 * @throws INVALID_ARGUMENT when there are none, or their shapes differ.
 */
export function combineLatents(
  terms: readonly { readonly latents: Tensor; readonly weight: number }[],
): Tensor<"float32"> {
  const given: unknown = terms;
  const isObject = (term: unknown): boolean => typeof term === "object" && term !== null;
  if (!Array.isArray(given) || !given.every(isObject)) {
    throw invalid(`combineLatents: expected a list of { latents, weight }, found ${describeValue(terms)}.`);
  }
  const [first] = terms;
  if (first === undefined) throw invalid("combineLatents: expected at least one term, found none.");
  checkTensor(first.latents, "combineLatents");
  const sum = new Float64Array(first.latents.size);
  for (const { latents, weight } of terms) {
    checkSame(first.latents, latents, "combineLatents");
    checkValue("combineLatents: weight", weight, optionKinds.finiteNumber);
    latents.toFloat32().data.forEach((value, i) => {
      sum[i] = sum[i]! + weight * value;
    });
  }
  return Tensor.from(Float32Array.from(sum), first.latents.shape);
}

function checkSame(a: Tensor, b: Tensor, subject: string): void {
  checkTensor(a, subject);
  checkTensor(b, subject);
  if (sameShape(a.shape, b.shape)) return;
  throw invalid(
    `${subject}: expected latents of one shape, found ${formatShape(a.shape)} and ${formatShape(b.shape)}. Encode pictures of one size.`,
  );
}

function invalid(message: string): VaekitError {
  return new VaekitError("INVALID_ARGUMENT", message);
}
