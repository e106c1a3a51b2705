/** The judge where double kernels are missing: PyTorch's float64 autograd, from tools/reference/gradients.py. */
import type { GradientRules } from "../../src/autodiff/index.ts";
import { GraphBuilder, verify, type OperatorAttributes, type OperatorName } from "../../src/graph/index.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { readGoldens, readJson } from "../conformance/fixtures.ts";
import { deviation, seededGradients, type Deviation } from "./seeded-gradients.ts";

/** Gradients in float32 are sums of at most 600 products, each rounded by 6e-8; a wrong rule is above 1e-3. */
export const singleTolerance = 5e-6;

interface GoldenCase<K extends OperatorName = OperatorName> {
  readonly operator: K;
  readonly name: string;
  readonly attributes: OperatorAttributes[K];
  readonly inputs: number;
}

const cases = readJson("gradients/operators.json") as readonly GoldenCase[];
const goldens = readGoldens("gradients/operators.safetensors");

/** The names of an operator's cases. */
export function goldenCases(operator: OperatorName): readonly GoldenCase[] {
  const found = cases.filter((each) => each.operator === operator);
  if (found.length === 0) throw new Error(`test/fixtures/gradients has no case of ${operator}`);
  return found;
}

const inputNames = ({ operator, name, inputs }: GoldenCase): string[] =>
  [...Array(inputs).keys()].map((i) => `${operator}/${name}/x${i}`);

/** The graph of all cases of an operator with their gradients, its inputs as they lie in the goldens. */
export function goldenGraph(
  operator: OperatorName,
  dtype: DType,
  rules?: GradientRules,
): { graph: ReturnType<GraphBuilder["build"]>; feeds: Record<string, Tensor> } {
  const builder = new GraphBuilder(operator);
  const feeds: Record<string, Tensor> = {};
  const feed = (name: string): ReturnType<GraphBuilder["input"]> => {
    feeds[name] = goldens.get(name);
    return builder.input(name, dtype, feeds[name].shape);
  };
  const outputs = goldenCases(operator).flatMap((each) => {
    const path = `${operator}/${each.name}`;
    const inputs = inputNames(each).map(feed);
    const y = builder.apply(operator, inputs, each.attributes);
    const found = seededGradients(builder, y, feed(`${path}/weights`), inputs, rules);
    const copy = builder.apply("Identity", [y], {});
    return Object.entries({ y: copy, ...found }).map(
      ([label, value]) => [`${path}/${label}`, value] as const,
    );
  });
  return { graph: builder.build(Object.fromEntries(outputs)), feeds };
}

/** How far the operator and its gradients by `rules` are from PyTorch's. */
export async function goldenDeviations(
  runtime: Runtime,
  operator: OperatorName,
  rules?: GradientRules,
): Promise<Deviation[]> {
  const { graph, feeds } = goldenGraph(operator, "float32", rules);
  verify(graph);
  const session = await runtime.createSession(graph);
  const found = await session.run(feeds);
  await session.dispose();
  return Object.entries(found).map(([label, tensor]) => {
    const golden = goldens.get(label.replace(/alone(\d)$/, "elements$1"));
    const shapesDiffer = golden.shape.join() !== tensor.shape.join();
    return shapesDiffer
      ? { label: `${label}: shape [${tensor.shape.join(", ")}]`, error: Infinity }
      : deviation(label, tensor, golden.data as Float32Array, likes(label));
  });
}

/** For a gradient, the one under weights of their own; see `deviation`. */
function likes(label: string): Float32Array[] {
  const like = label.replace(/(rows|ones)(\d)$/, "elements$2");
  return like === label ? [] : [goldens.get(like).data as Float32Array];
}
