/** A fully connected VAE of Bernoulli pixels, ready to use. How it is loaded depends on the platform. */
import { VaekitError } from "../errors.ts";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import { DiagonalGaussianDistribution } from "../latents/diagonal-gaussian-distribution.ts";
import { mlpDecoder, mlpEncoder, parametersFrom, type MlpVaeConfig } from "../models/index.ts";
import { Lifetime, SessionCache, type Runtime, type Session } from "../runtime/index.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, type OptionKinds } from "../util/check-options.ts";
import { readTensor } from "../weights/index.ts";
import { filesOf, finderOf, type ModelWeights } from "./model-weights.ts";
import { checkFiniteResult, checkFiniteWeights } from "./non-finite.ts";
import type { CodingOptions, Half } from "./options.ts";

/** What such a model is made of. */
export interface MlpVaeParts {
  /** For messages: where the model came from. */
  readonly name: string;
  readonly config: MlpVaeConfig;
  readonly weights: ModelWeights;
  readonly runtime: Runtime;
}

/** The part of CodingOptions that there is for such a model. */
export type MlpCodingOptions = Pick<CodingOptions, "checkFinite">;

const codingKinds: OptionKinds<MlpCodingOptions> = { checkFinite: optionKinds.boolean };

type Rows = Tensor<"float32">;

/** What each half's graph gives. */
type Results = Readonly<
  Record<"encoder", { moments: Rows }> & Record<"decoder", { logits: Rows; probabilities: Rows }>
>;

/** Encoder and decoder for the batch sizes in use. */
const cachedSessions = 4;

/** The VAE of the textbooks: pictures of D pixels, L latents of prior N(0, 1). */
export class MlpVaeModel {
  readonly name: string;
  readonly config: MlpVaeConfig;
  readonly #weights: ModelWeights;
  readonly #runtime: Runtime;
  readonly #sessions = new SessionCache<Session>(cachedSessions);
  readonly #lifetime: Lifetime;
  #weightsChecked: Promise<void> | undefined;

  protected constructor({ name, config, weights, runtime }: MlpVaeParts) {
    this.name = name;
    this.config = config;
    this.#weights = weights;
    this.#runtime = runtime;
    this.#lifetime = new Lifetime(`${name}: the model`);
  }

  /** The files on disk that the weights are read from while the model is in use. */
  get weightFiles(): readonly string[] {
    return filesOf(this.#weights);
  }

  /**
   * Pictures → the distribution of their latents [N, L].
   *
   * @param pictures float [N, D] in [0, 1].
   * @throws INVALID_ARGUMENT on another shape; NOT_FINITE when the weights or the result hold NaN or infinite values.
   */
  async encode(pictures: Tensor, options: MlpCodingOptions = {}): Promise<DiagonalGaussianDistribution> {
    checkOptions("encode", options, codingKinds);
    checkRows(pictures, this.config.inputSize, "encode: expected pictures");
    const { moments } = await this.#lifetime.during(() =>
      this.#run("encoder", pictures.toFloat32(), options),
    );
    return new DiagonalGaussianDistribution(moments);
  }

  /**
   * Latents → the probability of each pixel, float32 [N, D] in [0, 1].
   *
   * @param latents float [N, L].
   * @throws INVALID_ARGUMENT on another shape; NOT_FINITE when the weights or the result hold NaN or infinite values.
   */
  async decode(latents: Tensor, options: MlpCodingOptions = {}): Promise<Tensor<"float32">> {
    checkOptions("decode", options, codingKinds);
    checkRows(latents, this.config.latentSize, "decode: expected latents");
    const { probabilities } = await this.#lifetime.during(() =>
      this.#run("decoder", latents.toFloat32(), options),
    );
    return probabilities;
  }

  /** Frees the sessions and their thread. Calls under way end with DISPOSED, as does every later one. */
  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      await this.#sessions.dispose();
      await this.#runtime.dispose();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #run<H extends Half>(
    half: H,
    x: Rows,
    { checkFinite = true }: MlpCodingOptions,
  ): Promise<Results[H]> {
    if (checkFinite) await this.#checkWeights();
    const create = () => this.#runtime.createSession(this.#graph(half, x.shape[0]!));
    const outputs = await this.#sessions.use(`${half} ${x.shape.join("x")}`, create, (session) =>
      session.run({ x }),
    );
    const results = outputs as Results[H];
    if (checkFinite) {
      // Infinite logits are probabilities of 0 and 1.
      const result = "logits" in results ? results.logits : results.moments;
      const pass = { input: x, result, batch: x, firstPicture: 0 };
      const graphOf = ([batch]: Shape): Graph => this.#graph(half, batch!);
      await checkFiniteResult({ name: this.name, half, runtime: this.#runtime, graphOf, sideUnit: 1 }, pass);
    }
    return results;
  }

  /** Once: they are small, and an infinite one may hide behind an activation that saturates. */
  #checkWeights(): Promise<void> {
    const check = async (): Promise<void> => {
      const stored = [...this.#weights.parameters];
      const read = stored.map(async ([name, each]) => [name, await readTensor(each)] as const);
      checkFiniteWeights(this.name, new Map(await Promise.all(read)));
    };
    return (this.#weightsChecked ??= check().catch((error: unknown) => {
      this.#weightsChecked = undefined;
      throw error;
    }));
  }

  #graph(half: Half, batch: number): Graph {
    const builder = new GraphBuilder(half);
    const context = { builder, parameter: parametersFrom(builder, finderOf(this.#weights)) };
    const { inputSize, latentSize } = this.config;
    if (half === "decoder") {
      const z = builder.input("x", "float32", [batch, latentSize]);
      const logits = mlpDecoder(context, this.config, z);
      return builder.build({ logits, probabilities: builder.apply("Sigmoid", [logits], {}) });
    }
    const x = builder.input("x", "float32", [batch, inputSize]);
    const { mean, logvar } = mlpEncoder(context, this.config, x);
    return builder.build({ moments: builder.apply("Concat", [mean, logvar], { axis: 1 }) });
  }
}

function checkRows(rows: Tensor, size: number, expected: string): void {
  checkTensor(rows, expected.replace(": expected", ":"));
  const { shape } = rows;
  if (shape.length === 2 && shape[0] !== 0 && shape[1] === size) return;
  throw new VaekitError("INVALID_ARGUMENT", `${expected} [N, ${size}], found ${formatShape(shape)}.`);
}
