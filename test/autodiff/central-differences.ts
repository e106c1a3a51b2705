/** The judge in double precision: (f(x + h) - f(x - h)) / 2h, for every element of every input. */
import type { GradientRules } from "../../src/autodiff/index.ts";
import { GraphBuilder, verify, type Graph, type Value } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import type { Case } from "./case.ts";
import { deviation, seededGradients, seeds, type Deviation } from "./seeded-gradients.ts";

/** A power of two, so that x + h is exact; differences of order h² and rounding by 1e-16 / h are both near 1e-11. */
const step = 2 ** -17;

/**
 * What 1e-11 leaves for values that cancel: four decades. A wrong factor or a forgotten term is above 1e-3.
 * LeakyRelu's alpha is a float32 in ONNX, which costs at most 6e-8.
 */
export const doubleTolerance = 1e-7;

type Tensors = Readonly<Record<string, Tensor>>;

/** The numeric gradients of some cases, found once and compared with as many tables of rules as needed. */
export interface NumericGradients {
  readonly cases: readonly Case[];
  /** Inputs `<case>/x<i>` and weights `<case>/weights`. */
  readonly feeds: Tensors;
  /** By `<case>/<seed><i>`. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

interface Built {
  readonly y: Value;
  readonly inputs: readonly Value[];
}

function buildForward(builder: GraphBuilder, cases: readonly Case[]): Built[] {
  return cases.map(({ inputs, build }, at) => {
    const values = inputs.map(({ dtype, shape }, i) => builder.input(`${at}/x${i}`, dtype, shape));
    return { inputs: values, y: build(builder, values) };
  });
}

async function runOnce(runtime: Runtime, graph: Graph, feeds: Tensors): Promise<Tensors> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run(feeds);
  await session.dispose();
  return outputs;
}

/** Finds the numeric gradients of all cases, whose elements move at the same time: cases do not see each other. */
export async function numericGradients(runtime: Runtime, cases: readonly Case[]): Promise<NumericGradients> {
  const builder = new GraphBuilder("forward");
  const built = buildForward(builder, cases);
  const copies = built.map(({ y }, at) => [`${at}/y`, builder.apply("Identity", [y], {})] as const);
  const session = await runtime.createSession(builder.build(Object.fromEntries(copies)));
  const generator = Generator.philox(6);
  const weights = built.map(({ y }) => {
    const drawn = generator.randn(y.shape, "float64");
    return y.dtype === "float32" ? drawn.toFloat32() : drawn;
  });
  const inputs = Object.fromEntries(
    cases.flatMap((each, at) => each.inputs.map((tensor, i) => [`${at}/x${i}`, tensor] as const)),
  );
  const gradients = new Map<string, Float64Array>();
  for (let i = 0; i < Math.max(...cases.map((each) => each.inputs.length)); i++) {
    const sizes = cases.map((each) => each.inputs[i]?.size ?? 0);
    for (let element = 0; element < Math.max(...sizes); element++) {
      const moved = [...cases.keys()].filter((at) => element < sizes[at]!);
      const run = (by: number): Promise<Tensors> => session.run(shifted(inputs, moved, i, element, by));
      const [above, below] = [await run(step), await run(-step)];
      for (const at of moved) {
        const y = `${at}/y`;
        for (const seed of seeds) {
          const name = `${at}/${seed}${i}`;
          if (element === 0) gradients.set(name, new Float64Array(sizes[at]!));
          const change = weightedDifference(above[y]!, below[y]!, seed, weights[at]!);
          gradients.get(name)![element] = change / (2 * step);
        }
      }
    }
  }
  await session.dispose();
  const named = Object.fromEntries(weights.map((tensor, at) => [`${at}/weights`, tensor]));
  return { cases, feeds: { ...inputs, ...named }, gradients };
}

/** The inputs with one element of input `i` of each of the cases `moved` shifted. */
function shifted(inputs: Tensors, moved: readonly number[], i: number, element: number, by: number): Tensors {
  const changed = moved.map((at) => {
    const { data, shape, dtype } = inputs[`${at}/x${i}`]!;
    const copy = data.slice() as Float64Array;
    copy[element]! += by;
    return [`${at}/x${i}`, Tensor.from(copy, shape, dtype as "float64")] as const;
  });
  return { ...inputs, ...Object.fromEntries(changed) };
}

/** Σ weight · (above - below), with the weights that the seed takes from `weights`. */
function weightedDifference(
  above: Tensor,
  below: Tensor,
  seed: (typeof seeds)[number],
  weights: Tensor,
): number {
  const rowLength = above.shape.at(-1) ?? 1;
  let sum = 0;
  for (let j = 0; j < above.size; j++) {
    const source = seed === "rows" ? j - (j % rowLength) : j;
    const weight = seed === "ones" ? 1 : Number(weights.data[source]);
    sum += weight * (Number(above.data[j]) - Number(below.data[j]));
  }
  return sum;
}

/** How far the gradients by `rules` are from the numeric ones. */
export async function numericDeviations(
  runtime: Runtime,
  numeric: NumericGradients,
  rules?: GradientRules,
): Promise<Deviation[]> {
  const builder = new GraphBuilder("gradients");
  const outputs = Object.fromEntries(
    buildForward(builder, numeric.cases).flatMap(({ y, inputs }, at) => {
      const weights = builder.input(`${at}/weights`, y.dtype, y.shape);
      const found = seededGradients(builder, y, weights, inputs, rules);
      return Object.entries(found).map(([label, value]) => [`${at}/${label}`, value] as const);
    }),
  );
  const graph = builder.build(outputs);
  verify(graph);
  const found = await runOnce(runtime, graph, numeric.feeds);
  return Object.entries(found).map(([label, tensor]) => {
    const [at, gradient] = label.split("/") as [string, string];
    const expected = numeric.gradients.get(`${at}/${gradient.replace("alone", "elements")}`)!;
    const like = numeric.gradients.get(`${at}/${gradient.replace(/^\D+/, "elements")}`)!;
    return deviation(`${numeric.cases[Number(at)]!.name}, ${gradient}`, tensor, expected, [like]);
  });
}
