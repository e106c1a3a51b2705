/** A fully connected VAE of Bernoulli pixels, ready to use. How it is loaded depends on the platform. */
import { VaekitError } from "../errors.ts";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import { DiagonalGaussianDistribution } from "../latents/diagonal-gaussian-distribution.ts";
import { mlpDecoder, mlpEncoder, parametersFrom, type MlpVaeConfig } from "../models/index.ts";
import { SessionCache, type Runtime, type Session } from "../runtime/index.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { finderOf, type ModelWeights } from "./model-weights.ts";

/** What such a model is made of. */
export interface MlpVaeParts {
  /** For messages: where the model came from. */
  readonly name: string;
  readonly config: MlpVaeConfig;
  readonly weights: ModelWeights;
  readonly runtime: Runtime;
}

/** Encoder and decoder for the batch sizes in use. */
const cachedSessions = 4;

/** The VAE of the textbooks: pictures of D pixels, L latents of prior N(0, 1). */
export class MlpVaeModel {
  readonly name: string;
  readonly config: MlpVaeConfig;
  readonly #weights: ModelWeights;
  readonly #runtime: Runtime;
  readonly #sessions = new SessionCache<Session>(cachedSessions);

  protected constructor({ name, config, weights, runtime }: MlpVaeParts) {
    this.name = name;
    this.config = config;
    this.#weights = weights;
    this.#runtime = runtime;
  }

  /**
   * Pictures → the distribution of their latents [N, L].
   *
   * @param pictures float [N, D] in [0, 1].
   * @throws INVALID_ARGUMENT on another shape.
   */
  async encode(pictures: Tensor): Promise<DiagonalGaussianDistribution> {
    checkRows(pictures, this.config.inputSize, "encode: expected pictures");
    const moments = await this.#run("moments", pictures.toFloat32());
    return new DiagonalGaussianDistribution(moments);
  }

  /**
   * Latents → the probability of each pixel, float32 [N, D] in [0, 1].
   *
   * @param latents float [N, L].
   * @throws INVALID_ARGUMENT on another shape.
   */
  async decode(latents: Tensor): Promise<Tensor<"float32">> {
    checkRows(latents, this.config.latentSize, "decode: expected latents");
    return this.#run("probabilities", latents.toFloat32());
  }

  /** Frees the sessions and their thread. The model cannot be used afterwards. */
  async dispose(): Promise<void> {
    await this.#sessions.dispose();
    await this.#runtime.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #run(what: "moments" | "probabilities", x: Tensor<"float32">): Promise<Tensor<"float32">> {
    const key = `${what} ${x.shape.join("x")}`;
    const create = () => this.#runtime.createSession(this.#graph(what, x.shape[0]!));
    const outputs = await this.#sessions.use(key, create, (session) => session.run({ x }));
    return outputs[what] as Tensor<"float32">;
  }

  #graph(what: "moments" | "probabilities", batch: number): Graph {
    const builder = new GraphBuilder(what);
    const context = { builder, parameter: parametersFrom(builder, finderOf(this.#weights)) };
    const { inputSize, latentSize } = this.config;
    if (what === "probabilities") {
      const z = builder.input("x", "float32", [batch, latentSize]);
      const logits = mlpDecoder(context, this.config, z);
      return builder.build({ [what]: builder.apply("Sigmoid", [logits], {}) });
    }
    const x = builder.input("x", "float32", [batch, inputSize]);
    const { mean, logvar } = mlpEncoder(context, this.config, x);
    return builder.build({ [what]: builder.apply("Concat", [mean, logvar], { axis: 1 }) });
  }
}

function checkRows({ shape }: Tensor, size: number, expected: string): void {
  if (shape.length === 2 && shape[0] !== 0 && shape[1] === size) return;
  throw new VaekitError("INVALID_ARGUMENT", `${expected} [N, ${size}], found ${formatShape(shape)}.`);
}
