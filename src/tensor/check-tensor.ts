/** Whether an argument is a Tensor, and what to do with the things that people have instead. */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";
import { Tensor } from "./tensor.ts";

/**
 * @param subject as in "decode: latents".
 * @throws INVALID_ARGUMENT that says what was found, and how to make a Tensor of it.
 */
export function checkTensor(value: unknown, subject: string): asserts value is Tensor {
  if (value instanceof Tensor) return;
  const message = `${subject}: expected a vaekit Tensor, found ${foundText(value)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

function foundText(value: unknown): string {
  if (typeof value !== "object" || value === null) return describeValue(value);
  const has = (...names: readonly string[]): boolean =>
    names.every((name) => Reflect.get(value, name) != null);
  if (ArrayBuffer.isView(value)) return `${describeValue(value)}: use Tensor.from(array, shape)`;
  if (has("dims", "data")) {
    return `a tensor of another library with dims ${dimensions(Reflect.get(value, "dims"))}: use Tensor.from(t.data, t.dims)`;
  }
  if (has("shape", "data", "dtype")) {
    return "an object with a tensor's fields, such as structuredClone makes: use Tensor.from(t.data, t.shape, t.dtype)";
  }
  if (has("latentDist")) return "the output of encode: take its latentDist.mode() or .sample()";
  if (has("sample") && Reflect.get(value, "sample") instanceof Tensor)
    return "the output of decode: take its sample";
  if (has("parameters", "mode")) return "a posterior: take its mode() or sample()";
  if (has("width", "height", "data")) return "a picture: VaeImageProcessor.preprocess makes a Tensor of it";
  if (has("then")) return "a promise: await it first";
  return describeValue(value);
}

const dimensions = (dims: unknown): string =>
  Array.isArray(dims) ? `[${dims.slice(0, 8).join(", ")}]` : "of its own";
