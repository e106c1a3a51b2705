/** What is said of a config that names a class which vaekit does not read. */
import { VaekitError } from "../errors.ts";
import { describeFound } from "./config-checks.ts";
import { otherAutoencoders, otherParts, type OtherModel } from "./other-models.ts";

/**
 * Refuses the config of another class than was expected, with what vaekit knows of it.
 *
 * @param expected as in "expected the config of …".
 * @throws UNSUPPORTED for an autoencoder that vaekit does not read, INVALID_CONFIG for all else.
 */
export function refuseClass(className: unknown, expected: string, subject: string): never {
  const fits = ({ classNames = [] }: OtherModel): boolean =>
    typeof className === "string" &&
    classNames.some((each) => (typeof each === "string" ? each === className : each.test(className)));
  const found = describeFound(className);
  const autoencoder = otherAutoencoders.find(fits);
  if (autoencoder !== undefined) {
    throw new VaekitError(
      "UNSUPPORTED",
      `${subject}: ${found}: this is ${autoencoder.description}. vaekit does not read it yet; expected ${expected}.`,
    );
  }
  const part = otherParts.find(fits);
  const what = part === undefined ? "" : `, ${part.description}`;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: expected the config of ${expected}, found that of ${found}${what}.`,
  );
}
