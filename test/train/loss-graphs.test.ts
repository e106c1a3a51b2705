/** The public losses, on both runtimes, against what their formulas give on the host and what the lpips package gave. */
import { afterAll, describe, expect, test } from "vitest";
import {
  DiagonalGaussianDistribution,
  Generator,
  readSafetensorsFile,
  Tensor,
  type Graph,
} from "../../src/node/index.ts";
import { klLoss, perceptualLoss, reconstructionLoss } from "../../src/train/public.ts";
import { fixturePath, readGoldens } from "../conformance/fixtures.ts";
import { runtimes } from "../small-models.ts";

type Floats = Tensor<"float32">;

const generator = Generator.torch(5);
const shape = [3, 2, 4];
const [x, y] = [generator.uniform(shape, 0, 1), generator.randn(shape)];

/** Σ of each example. */
const sums = (value: (i: number) => number): number[] =>
  [0, 1, 2].map((n) => Array.from({ length: 8 }, (_, i) => value(8 * n + i)).reduce((a, b) => a + b));

describe.each(Object.entries(runtimes))("on %s", (_, create) => {
  const runtime = create();
  afterAll(() => runtime.dispose());
  const lossOf = async (graph: Graph, inputs: Record<string, Tensor>): Promise<Floats> => {
    const session = await runtime.createSession(graph);
    const { loss } = await session.run(inputs);
    await session.dispose();
    return loss as Floats;
  };
  // float32's rounding of sums of eight numbers.
  const tolerance = { absolute: 1e-6, relative: 1e-6 };

  test.each([
    ["mse", (a: number, b: number) => (a - b) ** 2],
    ["l1", (a: number, b: number) => Math.abs(a - b)],
    ["bce", (logit: number, target: number) => Math.log1p(Math.exp(logit)) - target * logit],
  ] as const)("%s is its formula's", async (kind, formula) => {
    const loss = await lossOf(reconstructionLoss(kind, shape), { reconstruction: y, sample: x });
    expect(loss).toBeAllclose(
      Tensor.from(Float32Array.from(sums((i) => formula(y.data[i]!, x.data[i]!))), [3]),
      tolerance,
    );
  });

  test("kl is the posterior's", async () => {
    const parameters = generator.randn([3, 4, 2, 2]);
    const posterior = new DiagonalGaussianDistribution(parameters);
    const loss = await lossOf(klLoss([3, 2, 2, 2]), { mean: posterior.mean, logvar: posterior.logvar });
    expect(loss).toBeAllclose(posterior.kl(), tolerance);
  });

  test("lpips is the package's", async () => {
    const goldens = readGoldens("training/lpips.safetensors");
    const [picture, other] = [goldens.get("x"), goldens.get("y")];
    const { tensors } = await readSafetensorsFile(fixturePath("training/lpips.safetensors"));
    const graph = perceptualLoss(tensors, picture.shape);
    const loss = await lossOf(graph, { sample: picture, reconstruction: other });
    expect(loss).toBeAllclose(goldens.get("distance"), { absolute: 1e-6, relative: 1e-5 });
  });
});
