/** Models as arguments of functions: JavaScript knows no types. */
import { checkValue } from "../util/check-options.ts";
import { Vae } from "../vae/vae.ts";

/** @throws INVALID_ARGUMENT unless it is an open model. */
export function checkVae(subject: string, vae: unknown): asserts vae is Vae {
  checkValue(subject, vae, {
    expected: "a model, as openVae gives it",
    fits: (value) => value instanceof Vae,
  });
}
