/** The losses of training by themselves, as graphs that any runtime runs: pictures are judged as a training judges them. */
import { VaekitError } from "../errors.ts";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import { checkShape, formatShape, type Shape } from "../tensor/shape.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkValue, oneOf, type OptionKind } from "../util/check-options.ts";
import {
  findLpipsWeights,
  klPerExample,
  lpips,
  reconstructionError,
  type ReconstructionKind,
} from "./losses/index.ts";

const reconstructionKinds = ["mse", "l1", "bce"] as const satisfies readonly ReconstructionKind[];

/**
 * How far reconstructions are from their pictures, summed over each picture.
 *
 * @param kind "mse": (x̂ - x)²; "l1": |x̂ - x|; "bce": the cross-entropy of pictures in [0, 1] and logits.
 * @param shape of both, [N, …].
 * @returns a graph with the inputs `reconstruction` and `sample`, float32 of that shape, and the output `loss`, [N].
 * @throws INVALID_ARGUMENT on another kind or shape.
 */
export function reconstructionLoss(kind: ReconstructionKind, shape: Shape): Graph {
  checkValue("reconstructionLoss: kind", kind, oneOf(reconstructionKinds));
  checkBatch("reconstructionLoss: shape", shape, 2);
  const builder = new GraphBuilder(`${kind}_loss`);
  const [reconstruction, sample] = ["reconstruction", "sample"].map((name) =>
    builder.input(name, "float32", shape),
  );
  return builder.build({ loss: reconstructionError(builder, kind, reconstruction!, sample!) });
}

/**
 * The divergence of posteriors from the prior N(0, I) in nats, ½ Σ (mean² + exp(logvar) - 1 - logvar), summed over each example.
 *
 * @param shape of the latents, [N, L, …].
 * @returns a graph with the inputs `mean` and `logvar`, float32 of that shape, and the output `loss`, [N].
 * @throws INVALID_ARGUMENT on another shape.
 */
export function klLoss(shape: Shape): Graph {
  checkBatch("klLoss: shape", shape, 2);
  const builder = new GraphBuilder("kl_loss");
  const mean = builder.input("mean", "float32", shape);
  const logvar = builder.input("logvar", "float32", shape);
  return builder.build({ loss: klPerExample(builder, { mean, logvar }) });
}

const tensorsKind: OptionKind = {
  expected: "a Map of LPIPS' weights by name, the tensors that readSafetensorsFile gives",
  fits: (value) => value instanceof Map && [...value.values()].every((each) => each instanceof Tensor),
};

/**
 * LPIPS: how different two pictures look, in the features of a VGG-16.
 *
 * @param weights by name, as `tools/export_lpips.py` writes them.
 * @param shape of both pictures, [N, 3, H, W] with sides of at least 16.
 * @returns a graph with the inputs `reconstruction` and `sample`, float32 of that shape in [-1, 1], and the output `loss`, [N].
 * @throws WEIGHTS_MISMATCH when a weight is missing; INVALID_ARGUMENT on another shape.
 */
export function perceptualLoss(weights: ReadonlyMap<string, Tensor>, shape: Shape): Graph {
  checkValue("perceptualLoss: weights", weights, tensorsKind);
  checkBatch("perceptualLoss: shape", shape, 4);
  const found = findLpipsWeights(
    new Map([...weights].map(([name, tensor]) => [name, storeInMemory(name, tensor)])),
  );
  const builder = new GraphBuilder("perceptual_loss");
  const [reconstruction, sample] = ["reconstruction", "sample"].map((name) =>
    builder.input(name, "float32", shape),
  );
  return builder.build({ loss: lpips(builder, found, reconstruction!, sample!) });
}

function checkBatch(subject: string, shape: Shape, leastRank: number): void {
  checkShape(shape, subject);
  if (shape.length >= leastRank && shape.every((size) => size > 0)) return;
  const message = `${subject}: expected at least ${leastRank} sizes above 0, found ${formatShape(shape)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
