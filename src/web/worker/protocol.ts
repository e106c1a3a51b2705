/** The messages between a page and the worker in which its models compute. */
import type { ErrorCode } from "../../errors.ts";
import type { Alpha, PictureSource } from "../../images/picture-source.ts";
import type { PictureFacts, PictureSize } from "../../images/model-input.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { CodingOptions, CodingPlan, CodingProgress, Half } from "../../vae/options.ts";
import type { InputSize, ScaledPixels } from "../../models/index.ts";

/** What a worker without a bundler is told before anything else; it answers when its engine is there. */
export interface Link {
  /** The address of an entry of onnxruntime-web. */
  readonly ort: string;
}

/** The first message to a worker. */
export interface Start {
  readonly kind: "start";
  /** Threads of one operator. */
  readonly threadCount: number;
  /** What models will be opened on. */
  readonly device: "cpu" | "webgpu";
}

/** A float32 tensor on its way; its buffer moves. */
export interface TensorMessage {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: Shape;
}

/** Bytes of weights: a Blob, which is not copied, or a copy of what lies in memory. */
export interface SourceMessage {
  readonly name: string;
  readonly bytes: Blob | Uint8Array<ArrayBuffer>;
}

/** A parameter, and the number of the source in which it lies. */
export interface ParameterMessage {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly source: number;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** A model, as a worker opens it. */
export interface ModelMessage {
  readonly name: string;
  readonly className: string;
  readonly halves: Readonly<Partial<Record<Half, object>>>;
  readonly sources: readonly SourceMessage[];
  readonly parameters: readonly ParameterMessage[];
  /** The scale of p(x|z) beside the weights. */
  readonly likelihood?: {
    readonly pixels: ScaledPixels;
    readonly parameters: readonly ParameterMessage[];
  };
}

/** What of the options of a call crosses: all but the signal and the callbacks. */
export type OptionsMessage = Omit<CodingOptions, "signal" | "onPlan" | "onProgress">;

/** What is asked of a worker. Models go by number. */
export type RequestBody =
  | {
      readonly kind: "open";
      readonly model: number;
      readonly parts: ModelMessage;
      readonly device: "cpu" | "webgpu";
    }
  | {
      readonly kind: "code" | "code-pixels";
      readonly model: number;
      readonly half: Half;
      readonly x: TensorMessage;
      readonly options: OptionsMessage;
    }
  | {
      readonly kind: "plan";
      readonly model: number;
      readonly half: Half;
      readonly size: InputSize;
      readonly options: OptionsMessage;
    }
  | {
      readonly kind: "picture-pixels";
      readonly picture: PictureSource;
      readonly alpha: Alpha;
      readonly facts: PictureFacts;
      readonly size: PictureSize | undefined;
      readonly subject: string;
    }
  | { readonly kind: "close"; readonly model: number };

export type Request = RequestBody & { readonly id: number };

/** What each request resolves with. */
export interface Answers {
  open: undefined;
  code: Coded;
  "code-pixels": Coded;
  plan: CodingPlan;
  "picture-pixels": TensorMessage;
  close: undefined;
}

/** A result, and where it was computed. */
export interface Coded {
  readonly result: TensorMessage;
  readonly device: string | undefined;
}

/** What a call tells on its way. */
export type Event =
  | { readonly kind: "plan"; readonly plan: CodingPlan }
  | { readonly kind: "progress"; readonly progress: CodingProgress };

/** A class of which a model will be opened: its code is loaded meanwhile. */
export interface Expect {
  readonly kind: "expect";
  readonly className: string;
}

export type ToWorker = Start | Expect | Request | { readonly kind: "abort"; readonly id: number };

export type FromWorker =
  | { readonly kind: "linked" }
  | { readonly kind: "ready" }
  | { readonly kind: "event"; readonly id: number; readonly event: Event }
  | { readonly kind: "answer"; readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorMessage };

/** An error on its way; without a code it was none of vaekit's. */
export interface ErrorMessage {
  readonly code?: ErrorCode;
  readonly message: string;
  /** Whether the worker's graphics processor is lost: the call can be repeated elsewhere. */
  readonly isLoss: boolean;
}
