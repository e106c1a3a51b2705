/** Models that vaekit does not read, recognised by their tensors. */
import { VaekitError } from "../errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { otherAutoencoders, otherParts, type Mark, type OtherModel } from "./other-models.ts";

/** A file's tensors; only names and shapes matter. */
type Tensors = ReadonlyMap<string, { readonly shape: Shape }>;

/** No checkpoint has more tensors; a file with more is not worth the time. */
const maxExamined = 20_000;

/**
 * Refuses the tensors of an autoencoder that is known and not read.
 *
 * @param tensors under the file's own names, without the prefix of a whole checkpoint.
 * @throws UNSUPPORTED that says which it is.
 */
export function refuseOtherAutoencoders(tensors: Tensors, subject: string): void {
  const found = find(otherAutoencoders, tensors);
  if (found === undefined) return;
  const { description, remedy = "vaekit does not read it yet." } = found;
  throw new VaekitError("UNSUPPORTED", `${subject}: this is ${description}. ${remedy}`);
}

/** Whether tensors are those of an autoencoder that is known and not read. */
export const areOfOtherAutoencoder = (tensors: Tensors): boolean =>
  find(otherAutoencoders, tensors) !== undefined;

/** What a file without a VAE is, completing "this is …"; undefined when it is not known, or may have a VAE. */
export function describeOtherPart(tensors: Tensors): string | undefined {
  // A whole checkpoint has such parts too, beside its VAE.
  const hasVae = [...tensors.keys()].some((name) => /^(encoder|decoder)\.conv_(in|out)\./.test(name));
  return hasVae ? undefined : find(otherParts, tensors)?.description;
}

function find(models: readonly OtherModel[], tensors: Tensors): OtherModel | undefined {
  const names = [...tensors.keys()].slice(0, maxExamined);
  const hasMark = (mark: Mark): boolean =>
    mark instanceof RegExp
      ? names.some((name) => mark.test(name))
      : names.some((name) => tensors.get(name)!.shape.length === mark.rank && mark.name.test(name));
  return models.find(({ marks = [] }) => marks.some((all) => all.every(hasMark)));
}
