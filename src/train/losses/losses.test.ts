import { describe, expect, test } from "vitest";
import { GraphBuilder, print, type Value } from "../../graph/index.ts";
import {
  klWithFreeBits,
  logImportanceWeights,
  negativeLogLikelihood,
  reconstructionError,
  reduceExamples,
  splitMoments,
  weightedSum,
} from "./index.ts";

const builder = new GraphBuilder("losses");
const input = (name: string, ...shape: number[]): Value => builder.input(name, "float32", shape);

describe("a loss", () => {
  test("prints as the formula that it is", () => {
    const example = new GraphBuilder("likelihood");
    const x = example.input("x", "float32", [2, 3, 4, 4]);
    const y = example.input("y", "float32", [2, 3, 4, 4]);
    const s = example.input("s", "float32", []);
    const nll = negativeLogLikelihood(example, reconstructionError(example, "l1", y, x), s, 48);
    const loss = reduceExamples(example, nll, "mean", 48);
    expect(print(example.build({ loss })).split("\n").slice(1, -1)).toEqual([
      "  Sub: float32[2, 3, 4, 4] = Sub(y, x)",
      "  Abs: float32[2, 3, 4, 4] = Abs(Sub)",
      "  ReduceSum: float32[2] = ReduceSum(Abs) {axes=[1,2,3] keepdims=false}",
      "  Exp: float32[] = Exp(s)",
      "  Div: float32[2] = Div(ReduceSum, Exp)",
      "  Mul: float32[] = Mul(s, float32(48))",
      "  Add: float32[2] = Add(Div, Mul)",
      "  ReduceMean: float32[] = ReduceMean(Add) {axes=[0] keepdims=false}",
      "  loss: float32[] = Div(ReduceMean, float32(48))",
    ]);
  });

  test("does not broadcast a reconstruction of another shape", () => {
    expect(() => reconstructionError(builder, "mse", input("y", 2, 1, 4, 4), input("x", 2, 3, 4, 4))).toThrow(
      "mse: expected two values of one shape, found y [2, 1, 4, 4] and x [2, 3, 4, 4].",
    );
  });

  test("is reduced from one number per example, not from pixels", () => {
    expect(() => reduceExamples(builder, input("pixels", 2, 3), "ldm", 3)).toThrow(
      "expected one loss per example [N], found pixels [2, 3]",
    );
  });

  test("needs a term", () => {
    expect(() => weightedSum(builder, [{ weight: 0, value: input("term", 2) }])).toThrow("at least one term");
  });
});

describe("a posterior", () => {
  test("needs an even number of channels", () => {
    expect(() => splitMoments(builder, input("moments", 1, 5, 2, 2))).toThrow(
      "splitMoments: expected an even number of channels, found 5.",
    );
  });

  test("needs free bits of at least 0", () => {
    const posterior = splitMoments(builder, input("moments", 1, 4));
    expect(() => klWithFreeBits(builder, posterior, -1)).toThrow("expected finite nats >= 0, found -1");
  });
});

test("importance weights need noise for a whole number of samples", () => {
  const inputs = {
    x: input("x", 4, 6),
    posterior: { mean: input("mean", 4, 2), logvar: input("logvar", 4, 2) },
    noise: input("noise", 6, 2),
    logLikelihood: (z: Value) => z,
  };
  expect(() => logImportanceWeights(builder, inputs)).toThrow(
    "expected noise for a whole number of samples of 4 examples, found 6",
  );
});
