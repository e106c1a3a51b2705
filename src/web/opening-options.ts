/** The options of opening a model in the browser. */
import { devices, type Device, type Runtime } from "../runtime/index.ts";
import { checkOptions, oneOf, optionKinds, type OptionKinds } from "../util/check-options.ts";

/** The options of opening a model in the browser. */
export interface FromPretrainedOptions {
  /** @default "auto": WebAssembly */
  readonly device?: Device;
  /**
   * A runtime that the caller makes, gives to several models and disposes itself. It has its own `device` and its own build of
   * onnxruntime-web. @default one for each model, which ends with it
   */
  readonly runtime?: Runtime;
  /** Which of several weight files: "fp16" for diffusion_pytorch_model.fp16.safetensors. */
  readonly variant?: string;
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal;
  /** Told what is odd about the model's files. */
  readonly onWarning?: (message: string) => void;
  /** Headers for every request, such as an authorisation. */
  readonly headers?: Readonly<Record<string, string>>;
}

const pretrainedKinds: OptionKinds<FromPretrainedOptions> = {
  device: oneOf(devices),
  // With what contradicts it.
  runtime: optionKinds.checkedElsewhere,
  variant: optionKinds.text,
  signal: optionKinds.signal,
  onWarning: optionKinds.callback,
  headers: optionKinds.object,
};

/** @throws INVALID_ARGUMENT for an option that there is not, or a value of another kind. */
export function checkOpeningOptions(subject: string, options: FromPretrainedOptions): void {
  checkOptions(subject, options, pretrainedKinds);
}
