/** Whether a checkpoint belongs to the model that is about to go on from it. */
import { VaekitError } from "../../errors.ts";
import type { DType } from "../../tensor/dtype.ts";
import { formatShape, sameShape, type Shape } from "../../tensor/shape.ts";
import { quote, shownName } from "../../util/printable.ts";
import { differencesOf, type JsonValue } from "./canonical-json.ts";

/** What a model expects of a checkpoint; a part that is left out is not checked. */
export interface ExpectedCheckpoint {
  /** The architecture, as it was given to `writeCheckpoint`. */
  readonly fingerprint?: JsonValue;
  /** The tensors by name; `Tensor`s themselves will do. */
  readonly tensors?: ReadonlyMap<string, TensorKind>;
}

/** A tensor without its numbers. */
export interface TensorKind {
  /** undefined: one that vaekit does not read. */
  readonly dtype: DType | undefined;
  readonly shape: Shape;
}

/** How many differences a message names. */
const shownDifferences = 3;

/** @throws WEIGHTS_MISMATCH with the first entries that differ. */
export function checkFit(
  path: string,
  found: { readonly fingerprint: JsonValue; readonly tensors: ReadonlyMap<string, TensorKind> },
  expected: ExpectedCheckpoint,
): void {
  const differences = [
    ...(expected.fingerprint === undefined
      ? []
      : fingerprintDifferences(found.fingerprint, expected.fingerprint)),
    ...(expected.tensors === undefined ? [] : tensorDifferences(found.tensors, expected.tensors)),
  ];
  if (differences.length === 0) return;
  const more = differences.length - shownDifferences;
  const list = differences.slice(0, shownDifferences).join("; ") + (more > 0 ? `; and ${more} more` : "");
  throw new VaekitError(
    "WEIGHTS_MISMATCH",
    `${path}: this checkpoint is of another architecture: ${list}. Resume with the recipe that it was trained with, or train in another folder.`,
  );
}

function fingerprintDifferences(found: JsonValue, expected: JsonValue): string[] {
  return differencesOf(found, expected).map((difference) => {
    const here = describe(difference.expected);
    return `${difference.path || "the architecture"} is ${describe(difference.found)} in the checkpoint, ${here} in the recipe`;
  });
}

function describe(value: JsonValue | undefined): string {
  if (value === undefined) return "absent";
  return quote(value);
}

function tensorDifferences(
  found: ReadonlyMap<string, TensorKind>,
  expected: ReadonlyMap<string, TensorKind>,
): string[] {
  const ofExpected = [...expected].flatMap(([name, wanted]) => {
    const tensor = found.get(name);
    if (tensor === undefined) return [`the tensor ${shownName(name)} is missing`];
    if (tensor.dtype === wanted.dtype && sameShape(tensor.shape, wanted.shape)) return [];
    return [`expected ${shownName(name)} to be ${kindOf(wanted)}, found ${kindOf(tensor)}`];
  });
  const unknown = [...found.keys()].filter((name) => !expected.has(name));
  return [...ofExpected, ...unknown.map((name) => `the tensor ${shownName(name)} is unknown to the model`)];
}

function kindOf({ dtype, shape }: TensorKind): string {
  return `${dtype} ${formatShape(shape)}`;
}
