/** Classes of autoencoders that a program adds to those that vaekit reads. */
import { VaekitError } from "../errors.ts";
import { checkModel } from "./check-model.ts";
import { describeFound } from "./config-checks.ts";
import type { VaeModel } from "./model.ts";
import { addClass, isKnownName } from "./registry.ts";

/**
 * Makes a class of autoencoder known: from then on a config.json with its `_class_name` is read as its.
 *
 * @throws INVALID_ARGUMENT when it is no model, or a class of that name is known.
 */
export function registerModel(model: VaeModel): void {
  checkModel(model, "registerModel");
  const names = [model.className, ...(model.aliases ?? [])];
  const taken = names.find((name) => isKnownName(name));
  if (taken !== undefined) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `registerModel: expected a class that is not known yet, found ${describeFound(taken)}, which is. Register each class once.`,
    );
  }
  addClass(names, model);
}
