/**
 * One step of the autoencoder as one graph: forward, loss, backward and update. Parameters, moments and averages
 * are inputs and outputs, kept in the runtime's state, so a session serves the whole run.
 *
 * Inputs: sample, noise, kl_weight, the optimizer's scalars. Outputs: the objective's terms, gradient_norm, the
 * reconstruction where a discriminator wants it.
 */
import { gradients, type Target } from "../../autodiff/index.ts";
import { VaekitError } from "../../errors.ts";
import { GraphBuilder, type Graph, type Node, type Value } from "../../graph/index.ts";
import { followLatents, keepForLater } from "../codebook/follow.ts";
import type { Quantized } from "../codebook/quantize.ts";
import type { Decoded, FindParameter } from "../../models/index.ts";
import { patchDiscriminator, type PatchDiscriminatorConfig } from "../patch-discriminator.ts";
import type { Shape } from "../../tensor/shape.ts";
import { multiply } from "../losses/arithmetic.ts";
import { adaptiveWeight, generatorLoss } from "../losses/index.ts";
import { scalar } from "../losses/arithmetic.ts";
import {
  codebookObjective,
  distillationObjective,
  objective,
  type Objective,
  type ObjectiveOptions,
} from "../objective.ts";
import type { ParameterLayout } from "../parameter-layout.ts";
import {
  hasCodebook,
  hasPosterior,
  type CodebookNetwork,
  type DistilledNetwork,
  type PosteriorNetwork,
  type VaeNetwork,
} from "../vae-network.ts";
import { GraphParameters, logvarName, scalarInput } from "./context.ts";
import { neededTeacher, normalizedTeacherMean, teacherMean, type TeacherOptions } from "./teacher.ts";
import { accumulateGradient, stateNames, update, type UpdateOptions } from "./update.ts";

export interface AdversarialOptions {
  readonly config: PatchDiscriminatorConfig;
  readonly layout: ParameterLayout;
  readonly loss: "hinge" | "vanilla";
  readonly weight: number;
  readonly factor: number;
}

export interface AutoencoderStepOptions {
  readonly network: VaeNetwork;
  /** The trained parameters. */
  readonly layout: ParameterLayout;
  /** All others. */
  readonly frozen: FindParameter;
  readonly objective: ObjectiveOptions;
  readonly teacher?: TeacherOptions;
  /** The discriminator, once it takes part. */
  readonly adversarial?: AdversarialOptions;
  readonly update: UpdateOptions;
  /** The shape of a batch: [N, C, H, W] or [N, D]. */
  readonly sampleShape: Shape;
  /** "accumulate" for all batches of a step but the last, "update" for the last, "evaluate" for no gradient. */
  readonly phase: "accumulate" | "update" | "evaluate";
  /** Whether residual and attention blocks are computed again in the backward pass. */
  readonly recompute?: boolean;
}

/** `encoder.down_blocks.0.resnets.0/…`, `decoder.layers.3/…`: a node of a residual or an attention block. */
const blockPattern = /^([^/]+\.(?:resnets|attentions|layers)\.[^/]+)\//;
/** `….attentions.0/queries_0/…`: the probabilities of some queries, which are large and cheap to compute again. */
const queriesPattern = /^(.+\/queries_\d+)\//;

/** Builds the graph of one step. */
export function buildAutoencoderStep(options: AutoencoderStepOptions): Graph {
  const builder = new GraphBuilder(`autoencoder_${options.phase}`);
  const { network, layout, frozen, adversarial, phase } = options;
  const parameters = new GraphParameters(builder, layout, stateNames("").parameters, frozen);
  const goal = forward(builder, options, parameters);
  const outputs: Record<string, Value> = { ...goal.terms };
  if (phase === "evaluate") return builder.build({ ...outputs, loss: goal.loss });

  const targets: Target[] = [{ value: goal.loss }];
  let loss = goal.loss;
  if (adversarial !== undefined) {
    const term = adversarialTerm(builder, goal, adversarial, lastLayerOf(network, parameters));
    targets.push(term.target);
    loss = builder.apply("Add", [loss, term.loss], {});
    outputs["generator"] = term.generator;
    outputs["adaptive_weight"] = term.weight;
    outputs["sample_reconstruction"] = builder.apply("Identity", [goal.reconstruction], {});
  }
  const trained = layout.places.map(({ name }) => parameters.trained.get(name)!);
  const pattern = options.recompute === true ? blockPattern : queriesPattern;
  const recompute = ({ output }: Node): string | undefined => pattern.exec(output.name)?.[1];
  const ofLoss = layout.joinValues(builder, gradients(builder, targets, trained, { recompute }));
  const gradient =
    options.objective.sumsBatch === true
      ? ofLoss.map((piece) => multiply(builder, piece, options.sampleShape[0]!))
      : ofLoss;
  const codebook = builder.scope("codebook_update", () => codebookUpdate(builder, options, goal));
  const results = builder.scope("update", () =>
    phase === "accumulate"
      ? accumulateGradient(builder, layout, gradient, options.update)
      : update(
          builder,
          layout,
          { parameters: parameters.pieces, gradient, moved: codebook.moved },
          options.update,
        ),
  );
  return builder.build({ ...outputs, ...results, ...codebook.outputs, loss });
}

type Forward = Objective & { readonly quantized?: Quantized };

function forward(
  builder: GraphBuilder,
  options: AutoencoderStepOptions,
  parameters: GraphParameters,
): Forward {
  const { network } = options;
  const sample = builder.input("sample", "float32", options.sampleShape);
  if (hasCodebook(network)) return codebookForward(builder, sample, network, options, parameters);
  if (hasPosterior(network)) return posteriorForward(builder, sample, network, options, parameters);
  return distilledForward(builder, sample, network, options, parameters);
}

function distilledForward(
  builder: GraphBuilder,
  sample: Value,
  network: DistilledNetwork,
  { objective: goal, teacher }: AutoencoderStepOptions,
  { context, trained }: GraphParameters,
): Objective {
  const teacherLatents = normalizedTeacherMean(builder, neededTeacher(teacher), sample);
  const inputs = {
    sample,
    teacherLatents,
    latents: network.encode?.(context, sample),
    reconstruction: network.decode(context, teacherLatents),
    ...logvarOf(builder, trained),
  };
  return distillationObjective(builder, inputs, goal);
}

function codebookForward(
  builder: GraphBuilder,
  sample: Value,
  network: CodebookNetwork,
  { objective: goal }: AutoencoderStepOptions,
  { context, trained }: GraphParameters,
): Forward {
  const { codebook } = network;
  const inputs = {
    sample,
    z: network.encode(context, sample),
    rows: context.parameter(codebook.name, codebook.shape),
    codebook,
    decode: (z: Value) => network.decode(context, z),
    ...logvarOf(builder, trained),
  };
  return codebookObjective(builder, inputs, goal);
}

/** What becomes of rows that follow the latents: their next values, and those of their averages. */
function codebookUpdate(
  builder: GraphBuilder,
  { network, phase }: AutoencoderStepOptions,
  { quantized }: Forward,
): { moved: ReadonlyMap<string, Value>; outputs: Record<string, Value> } {
  const average = hasCodebook(network) ? network.codebook.average : undefined;
  if (average === undefined || quantized === undefined) return { moved: new Map(), outputs: {} };
  if (phase === "accumulate") return { moved: new Map(), outputs: keepForLater(builder, average, quantized) };
  const { rows, outputs } = followLatents(builder, average, quantized);
  return { moved: new Map([[(network as CodebookNetwork).codebook.name, rows]]), outputs };
}

function posteriorForward(
  builder: GraphBuilder,
  sample: Value,
  network: PosteriorNetwork,
  { objective: goal, teacher, sampleShape }: AutoencoderStepOptions,
  { context, trained }: GraphParameters,
): Objective {
  const [batch, ...latent] = network.latentShape(sampleShape);
  const samples = goal.importance?.samples ?? 1;
  const noise = builder.input("noise", "float32", [batch! * samples, ...latent]);
  // A bound from several samples holds its KL; the graph has no input that it does not use.
  const klWeight = goal.importance === undefined ? scalarInput(builder, "kl_weight") : scalar(builder, 1);
  const posterior = network.posterior(context, sample);
  const teacherLatents = teacher === undefined ? undefined : teacherMean(builder, teacher, sample);
  const inputs = {
    sample,
    posterior,
    noise,
    klWeight,
    decode: (z: Value): Decoded => network.decode(context, z),
    ...logvarOf(builder, trained),
    ...(teacherLatents === undefined ? {} : { teacherLatents }),
  };
  return objective(builder, inputs, goal);
}

/** The learned log-variance, where there is one. */
function logvarOf(builder: GraphBuilder, trained: ReadonlyMap<string, Value>): { logvar?: Value } {
  const logvar = trained.get(logvarName);
  return logvar === undefined ? {} : { logvar: builder.apply("Reshape", [logvar], { shape: [] }) };
}

function lastLayerOf(network: VaeNetwork, { trained }: GraphParameters): Value {
  const weight = network.lastLayer === undefined ? undefined : trained.get(network.lastLayer);
  if (weight !== undefined) return weight;
  const message = `An adversarial loss is balanced at ${network.lastLayer ?? "a last convolution"}, which is not trained here.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** λ · factor · L_g, with λ from the gradients of both losses at the decoder's last layer. */
function adversarialTerm(
  builder: GraphBuilder,
  { likelihood, reconstruction }: Objective,
  { config, layout, weight, factor }: AdversarialOptions,
  lastLayer: Value,
): { target: Target; loss: Value; generator: Value; weight: Value } {
  const pieces = layout.inputs(builder, stateNames("discriminator.").parameters);
  const split = builder.scope("discriminator_parameters", () => layout.splitValues(builder, pieces));
  const parameter = (name: string, shape: Shape, viewShape: Shape = shape): Value =>
    builder.apply("Reshape", [split.get(name)!], { shape: viewShape });
  const logits = patchDiscriminator({ builder, parameter, isTraining: true }, config, reconstruction);
  const generator = generatorLoss(builder, logits);

  const [likelihoodGradient, generatorGradient] = [likelihood, generator].map(
    (value) => gradients(builder, [{ value }], [reconstruction])[0]!,
  ) as [Value, Value];
  const [atLikelihood, atGenerator] = [likelihoodGradient, generatorGradient].map(
    (gradient) => gradients(builder, [{ value: reconstruction, gradient }], [lastLayer])[0]!,
  ) as [Value, Value];
  const adaptive = adaptiveWeight(builder, atLikelihood, atGenerator, weight);
  const share = builder.apply("Mul", [adaptive, scalar(builder, factor)], {});
  return {
    target: { value: reconstruction, gradient: builder.apply("Mul", [generatorGradient, share], {}) },
    loss: builder.apply("Mul", [generator, share], {}),
    generator,
    weight: adaptive,
  };
}
