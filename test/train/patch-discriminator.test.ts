/** The discriminator with each norm against PyTorch: the same fresh parameters, logits and gradient. */
import { afterAll, describe, expect, test } from "vitest";
import {
  actNormInitialization,
  initializePatchDiscriminator,
  patchDiscriminator,
  patchDiscriminatorShapes,
  type DiscriminatorNorm,
  type PatchDiscriminatorConfig,
} from "../../src/train/patch-discriminator.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { openDiscriminator } from "../../src/train/discriminator.ts";
import { ParameterLayout } from "../../src/train/parameter-layout.ts";
import type { Tolerance } from "../matchers.ts";
import { readGoldens } from "../conformance/fixtures.ts";
import { smallRecipe } from "./small-recipe.ts";
import { contextOf, gradientsOfSum, runGraph } from "./run-graph.ts";

/** Logits are about 1e-2 with "none" and 1e-1 with the others; float32 through four convolutions. */
const tolerance: Tolerance = { absolute: 1e-6, relative: 1e-5 };

const goldens = readGoldens("training/discriminator.safetensors");
const norms: readonly DiscriminatorNorm[] = ["batch", "group", "none", "actnorm"];
const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const configOf = (norm: DiscriminatorNorm): PatchDiscriminatorConfig => ({
  inChannels: 3,
  baseChannels: 4,
  layerCount: 2,
  norm,
});

const sumOf = ({ data }: Tensor<"float32">): number => data.reduce((sum, value) => sum + value, 0);

/** Fresh parameters; ActNorm's are the golden ones, set from the first batch. */
function parametersOf(norm: DiscriminatorNorm): Record<string, Tensor> {
  const fresh = initializePatchDiscriminator(configOf(norm), Generator.torch(7));
  const initial = goldens.names.filter((name) => name.startsWith(`${norm}/initial/`));
  return {
    ...Object.fromEntries(fresh),
    ...Object.fromEntries(initial.map((name) => [name.split("/")[2]!, goldens.get(name)])),
  };
}

describe.each(norms)("a discriminator with norm %s", (norm) => {
  test("starts with PyTorch's parameters", () => {
    const fresh = initializePatchDiscriminator(configOf(norm), Generator.torch(7));
    const names = goldens.names.filter((name) => name.startsWith(`${norm}/sum/`));
    expect([...fresh.keys()].sort()).toEqual(names.map((name) => name.split("/")[2]).sort());
    for (const [name, tensor] of fresh) {
      // ActNorm is set by PyTorch's first call.
      if (!/\.(loc|scale)$/.test(name) || norm !== "actnorm") {
        expect(sumOf(tensor)).toBeCloseTo(goldens.get(`${norm}/sum/${name}`).toFloat32().data[0]!, 5);
      }
    }
  });

  test("has PyTorch's logits and gradient", async () => {
    const inputs = { ...parametersOf(norm), x: goldens.get("x") };
    const outputs = await runGraph(runtime, inputs, (builder, values) => {
      const logits = patchDiscriminator(contextOf(builder, values), configOf(norm), values.x!);
      const squares = builder.apply("Mul", [logits, logits], {});
      return { logits, ...gradientsOfSum(builder, squares, { x: values.x! }) };
    });
    expect(outputs.logits).toBeAllclose(goldens.get(`${norm}/logits`), tolerance);
    expect(outputs["grad.x"]).toBeAllclose(goldens.get(`${norm}/grad`), tolerance);
  });
});

test("ActNorm is set from the first batch as in taming", async () => {
  const fresh = Object.fromEntries(initializePatchDiscriminator(configOf("actnorm"), Generator.torch(7)));
  const outputs = await runGraph(runtime, { ...fresh, x: goldens.get("x") }, (builder, values) =>
    Object.fromEntries(
      [...actNormInitialization(contextOf(builder, values), configOf("actnorm"), values.x!)].map(
        ([name, value]) => [`actnorm/initial/${name}`, value],
      ),
    ),
  );
  const names = goldens.names.filter((name) => name.startsWith("actnorm/initial/"));
  expect(names).toHaveLength(4);
  for (const name of names) {
    expect(outputs[name]).toBeAllclose(goldens.get(name), { absolute: 1e-6, relative: 1e-5 });
  }
});

test.each(["group", "none", "actnorm"] as const)(
  "norm %s judges a picture alone as it does in a batch",
  async (norm) => {
    const parameters = parametersOf(norm);
    const first = Tensor.from(
      goldens
        .get("x")
        .toFloat32()
        .data.slice(0, 3 * 256),
      [1, 3, 16, 16],
    );
    const { logits } = await runGraph(runtime, { ...parameters, x: first }, (builder, values) => ({
      logits: patchDiscriminator(contextOf(builder, values), configOf(norm), values.x!),
    }));
    const inBatch = goldens.get(`${norm}/logits`).toFloat32().data.slice(0, logits!.size);
    expect(logits).toBeAllclose(Tensor.from(inBatch, logits!.shape), tolerance);
  },
);

describe("a recipe's discriminator", () => {
  const startOf = async (norm: DiscriminatorNorm): Promise<{ start: Tensor<"float32">; asked: number }> => {
    const recipe = smallRecipe({ loss: { adversarial: { weight: 0.5, channels: 4, layers: 1, norm } } });
    let asked = 0;
    const pictures = (): Promise<Tensor<"float32">> => {
      asked++;
      return Promise.resolve(Generator.torch(1).randn([2, 3, 8, 8]));
    };
    const start = await openDiscriminator(recipe)!.initialParameters(Generator.torch(7), pictures, (work) =>
      work(runtime),
    );
    return { start, asked };
  };
  const drawn = (norm: DiscriminatorNorm): Tensor<"float32"> => {
    const config = { ...configOf(norm), layerCount: 1 };
    return new ParameterLayout(patchDiscriminatorShapes(config)).join(
      initializePatchDiscriminator(config, Generator.torch(7)),
    );
  };

  test("looks at pictures before its first step to set ActNorm, and for no other norm", async () => {
    const { start, asked } = await startOf("actnorm");
    expect(asked).toBe(1);
    expect(start.data).not.toEqual(drawn("actnorm").data);
    const group = await startOf("none");
    expect(group.asked).toBe(0);
    expect(group.start.data).toEqual(drawn("none").data);
  });
});
