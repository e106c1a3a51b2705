/** One picture's attention in strips of keys, with scores far beyond what an exponential in float32 can take. */
import { Generator } from "../../src/random/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { attentionGraph, attentionNames } from "../../src/strips/attention-graph.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const [channels, width, queryRows, keyRows, strips] = [8, 5, 2, 2, 3];
const factor = 9;

/** [1, rows, W, C] */
type Pixels = Tensor<"float32">;

export async function largeScoresInStrips(
  runtime: Runtime,
): Promise<{ result: Tensor; expected: Tensor; largestScore: number }> {
  const generator = Generator.philox(21);
  const normal = (rows: number, by: number): Pixels => {
    const { data, shape } = generator.randn([1, rows, width, channels]);
    return Tensor.from(
      data.map((value) => by * value),
      shape,
    );
  };
  const query = normal(queryRows, factor);
  const keys = Array.from({ length: strips }, () => normal(keyRows, factor));
  const values = Array.from({ length: strips }, () => normal(keyRows, 1));
  let before: Record<string, Tensor> = {};
  let result: Tensor | undefined;
  for (const [index, key] of keys.entries()) {
    const ends = { isFirst: index === 0, isLast: index === strips - 1 };
    const session = await runtime.createSession(
      attentionGraph({ query: query.shape, key: key.shape, ...ends }),
    );
    const value = values[index]!;
    const inputs = {
      [attentionNames.query]: query,
      [attentionNames.key]: key,
      [attentionNames.value]: value,
      ...before,
    };
    const outputs = await session.run(inputs);
    await session.dispose();
    if (ends.isLast) result = outputs[attentionNames.output];
    else {
      before = {
        [attentionNames.mean]: outputs[attentionNames.nextMean]!,
        [attentionNames.weight]: outputs[attentionNames.nextWeight]!,
      };
    }
  }
  return { result: result!, ...inDouble(query, keys, values) };
}

/** Softmax over all keys at once, in double precision. */
function inDouble(
  query: Pixels,
  keys: readonly Pixels[],
  values: readonly Pixels[],
): { expected: Tensor; largestScore: number } {
  const pixelCount = (x: Pixels): number => x.data.length / channels;
  const at = (x: Pixels, channel: number, pixel: number): number => x.data[pixel * channels + channel]!;
  const expected = new Float32Array(query.data.length);
  let largestScore = 0;
  for (let pixel = 0; pixel < pixelCount(query); pixel++) {
    const scores = keys.map((key) =>
      Array.from({ length: pixelCount(key) }, (_, other) => {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += at(query, c, pixel) * at(key, c, other);
        return sum / Math.sqrt(channels);
      }),
    );
    const largest = Math.max(...scores.flat());
    largestScore = Math.max(largestScore, largest);
    const weights = scores.map((strip) => strip.map((score) => Math.exp(score - largest)));
    const total = weights.flat().reduce((sum, weight) => sum + weight, 0);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      weights.forEach((strip, index) => {
        strip.forEach((weight, other) => (sum += weight * at(values[index]!, c, other)));
      });
      expected[pixel * channels + c] = sum / total;
    }
  }
  return { expected: Tensor.from(expected, query.shape), largestScore };
}
