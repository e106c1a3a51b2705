/** From times to what the table says about them. */
import { diffusersBaseline } from "./modes.mjs";
import { parseJson } from "./typed.mjs";

/** @typedef {import("./contender.mjs").Contender} Contender */
/** @typedef {import("./modes.mjs").Half} Half */

/**
 * One line of the table; times in milliseconds. What was not measured is missing.
 *
 * @typedef {object} Result
 * @property {string} mode
 * @property {string} label
 * @property {string} [error] why there is nothing else
 * @property {number} [loadMilliseconds] opening the model, in no other number
 * @property {readonly number[]} [firstMilliseconds] the first call of each round's process, in order
 * @property {readonly number[]} [milliseconds] the call after it, in order
 * @property {number} [median]
 * @property {number} [min]
 * @property {number} [spread] (largest - smallest) / median
 * @property {number} [firstToLater] median over the rounds of first call / later one
 * @property {number} [peakBytes]
 * @property {number} [predictedPeakBytes] what vaekit expected before it ran
 * @property {{ tiling: "exact" | "off", stripCount: number, fileBytes: number }} [plan] what vaekit chose
 * @property {number} [versusDiffusers] median over the rounds of time / diffusers' fp32 time in that round
 * @property {number} [versusPlain] the same against the plain graph in the same runtime
 * @property {number} [maxDifference] against the plain graph's output in the same runtime
 *
 * @typedef {{ model: string, half: Half, side: number, rounds: number, otherWork: number, results: readonly Result[] }} Case
 *
 * @typedef {object} Growth
 * @property {string} mode
 * @property {string} label
 * @property {Half} half
 * @property {number} timeExponent of the number of pixels
 * @property {number} memoryExponent
 */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * Round by round, so that what slows down the machine for a while does not count.
 *
 * @param {readonly number[]} times
 * @param {readonly number[] | undefined} others
 */
function ratioByRounds(times, others) {
  const pairs = times.flatMap((time, round) => {
    const other = others?.[round];
    return other === undefined ? [] : [time / other];
  });
  return pairs.length === 0 ? undefined : median(pairs);
}

/**
 * @param {readonly Contender[]} contenders
 * @param {ReadonlyMap<string, number>} differences by mode
 * @returns {Result[]}
 */
export function summarize(contenders, differences) {
  const timesOf = (/** @type {string} */ name) =>
    contenders.find(({ mode, error }) => mode.name === name && error === undefined)?.milliseconds;
  return contenders.map((contender) => {
    const { mode, error, milliseconds, firstMilliseconds, loadMilliseconds, peakBytes, plan } = contender;
    const { name, label } = mode;
    if (error !== undefined) return { mode: name, label, error };
    const middle = median(milliseconds);
    return {
      mode: name,
      label,
      loadMilliseconds,
      firstMilliseconds,
      milliseconds,
      median: middle,
      min: Math.min(...milliseconds),
      spread: (Math.max(...milliseconds) - Math.min(...milliseconds)) / middle,
      firstToLater: ratioByRounds(firstMilliseconds, milliseconds),
      peakBytes,
      // In WASM nothing is known of the process's memory, and the prediction is not of it.
      ...(plan === undefined || mode.kind !== "vaekit" ? {} : planOf(plan)),
      versusDiffusers: ratioByRounds(milliseconds, timesOf(diffusersBaseline)),
      versusPlain: ratioByRounds(milliseconds, timesOf(mode.plain)),
      maxDifference: differences.get(name),
    };
  });
}

/** @param {import("../../src/core.ts").CodingPlan} plan */
const planOf = ({ peakBytes, tiling, stripCount, fileBytes }) => ({
  predictedPeakBytes: peakBytes,
  plan: { tiling, stripCount, fileBytes },
});

/**
 * @param {readonly number[]} xs
 * @param {readonly number[]} ys
 * @returns the exponent of the power law through the points, by least squares of the logarithms.
 */
export function exponent(xs, ys) {
  const mean = (/** @type {readonly number[]} */ values) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [logXs, logYs] = [xs.map(Math.log), ys.map(Math.log)];
  const [centerX, centerY] = [mean(logXs), mean(logYs)];
  const covariance = mean(logXs.map((x, i) => (x - centerX) * ((logYs[i] ?? NaN) - centerY)));
  return covariance / mean(logXs.map((x) => (x - centerX) ** 2));
}

/**
 * @param {readonly Case[]} cases
 * @returns {Growth[]} of each mode that was measured at three sizes at least.
 */
export function growthOf(cases) {
  const keys = new Set(
    cases.flatMap(({ half, results }) =>
      results.map(({ mode, label }) => JSON.stringify({ half, mode, label })),
    ),
  );
  return [...keys].flatMap((key) => {
    /** @type {{ half: Half, mode: string, label: string }} */
    const { half, mode, label } = parseJson(key);
    const points = cases
      .filter((one) => one.half === half)
      .flatMap(({ side, results }) => {
        const { median: time, peakBytes } = results.find((result) => result.mode === mode) ?? {};
        return time === undefined || peakBytes === undefined
          ? []
          : [{ pixels: side * side, time, peakBytes }];
      });
    if (points.length < 3) return [];
    const pixels = points.map((point) => point.pixels);
    return [
      {
        mode,
        label,
        half,
        timeExponent: exponent(
          pixels,
          points.map(({ time }) => time),
        ),
        memoryExponent: exponent(
          pixels,
          points.map(({ peakBytes }) => peakBytes),
        ),
      },
    ];
  });
}
