/** ActNorm's scale and shift from the first pictures, as taming-transformers sets them. */
import { withBlocks } from "../cost/index.ts";
import { GraphBuilder, type Value } from "../graph/index.ts";
import { actNormInitialization, type PatchDiscriminatorConfig } from "./patch-discriminator.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A discriminator's parameters with every ActNorm set so that its features have mean 0 and deviation 1 on `pictures`.
 *
 * @param parameters freshly drawn ones, by name.
 * @param pictures real ones, [N, C, H, W]; better more than one.
 */
export async function setActNorms(
  runtime: Runtime,
  config: PatchDiscriminatorConfig,
  parameters: ReadonlyMap<string, Tensor>,
  pictures: Tensor<"float32">,
): Promise<Map<string, Tensor>> {
  const builder = new GraphBuilder("actnorm");
  const used = new Map<string, Tensor>();
  const parameter = (name: string, shape: Shape, viewShape: Shape = shape): Value => {
    used.set(name, parameters.get(name)!.reshape(viewShape));
    return builder.input(name, "float32", viewShape);
  };
  const sample = builder.input("sample", "float32", pictures.shape);
  const found = actNormInitialization({ builder, parameter }, config, sample);
  const graph = builder.build(Object.fromEntries(found));
  const session = await runtime.createSession(withBlocks(graph));
  try {
    const values = await session.run({ sample: pictures, ...Object.fromEntries(used) });
    return new Map([...parameters, ...Object.entries(values)]);
  } finally {
    await session.dispose();
  }
}
