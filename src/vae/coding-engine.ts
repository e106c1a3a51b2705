/**
 * What computes a model's halves: in this thread, or in another. A `Vae` checks what it is given and names what comes
 * back; an engine knows the weights and the runtime.
 */
import type { PictureFacts, PictureSize } from "../images/model-input.ts";
import type { Alpha, PictureSource } from "../images/picture-source.ts";
import type { InputSize, ModelFacts, VaeModel } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { HalfConfigs } from "./halves.ts";
import type { ModelWeights } from "./model-weights.ts";
import type { CodingOptions, CodingPlan, Half } from "./options.ts";
import type { PixelDecoder } from "./pixel-decoder.ts";

type Planes = Tensor<"float32">;

/** Runs the halves of one model. */
export interface CodingEngine {
  /** Where it computes: known once it has run. */
  readonly device: string | undefined;
  /**
   * A batch through one half, in passes as the options say.
   *
   * @param x what the half takes, checked: [N, C, H, W], or rows [N, C].
   * @throws INVALID_ARGUMENT for a budget of memory that is too small; NOT_FINITE; ABORTED; RUNTIME
   */
  code(half: Half, x: Planes, options: CodingOptions): Promise<Planes>;
  /**
   * Latents through the decoder of distributions.
   *
   * @returns what the graph of the model's {@link PixelDecoder} gives.
   * @throws as {@link code}; UNSUPPORTED for a model of no distributions.
   */
  codePixels(latents: Planes, options: CodingOptions): Promise<Planes>;
  /**
   * Reads a picture and makes the model's input of it, where this engine computes. @default the caller does it
   *
   * @throws as `readPicture` and `picturePixels`; ABORTED
   */
  picturePixels?(source: PictureSource, request: PixelsRequest): Promise<Planes>;
  /** What {@link code} would do with an input of this size. */
  plan(half: Half, size: InputSize, options: CodingOptions): Promise<CodingPlan>;
  /** Frees what it holds. The calls under way may fail. */
  dispose(): Promise<void>;
}

/** What becomes of a picture. */
export interface PixelsRequest {
  readonly alpha: Alpha;
  readonly facts: PictureFacts;
  readonly size: PictureSize | undefined;
  /** The call, for messages. */
  readonly subject: string;
  readonly signal: AbortSignal | undefined;
}

/** The model that an engine runs. */
export interface EngineParts {
  /** For messages. */
  readonly name: string;
  readonly model: VaeModel;
  readonly facts: ModelFacts;
  /** A config for each half that is there. */
  readonly halves: HalfConfigs<object>;
  readonly weights: ModelWeights;
  /** What says how pixels are distributed. */
  readonly pixelDecoder?: PixelDecoder | undefined;
}

/** Makes the engine of a model. The platform hands one in with every model. */
export type MakeEngine = (parts: EngineParts) => CodingEngine;
