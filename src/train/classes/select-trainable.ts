/** Which parameters of a model are trained. */
import { VaekitError } from "../../errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { quote } from "../../util/printable.ts";

/** The parameters whose names match one of the patterns, in which * stands for anything. */
export function selectTrainable(
  shapes: ReadonlyMap<string, Shape>,
  patterns: readonly string[],
): Map<string, Shape> {
  const expressions = patterns.map(
    (pattern) => new RegExp(`^${pattern.split("*").map(escapeExpression).join(".*")}$`),
  );
  const unused = patterns.find(
    (_, index) => ![...shapes.keys()].some((name) => expressions[index]!.test(name)),
  );
  if (unused !== undefined) {
    const examples = [...shapes.keys()].slice(0, 2).join(", ");
    const message = `model.trainable: no parameter matches ${quote(unused)}. Names are such as ${examples}.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  return new Map([...shapes].filter(([name]) => expressions.some((expression) => expression.test(name))));
}

/** @throws INVALID_CONFIG when a model of fresh weights would have frozen ones. */
export function checkFreshIsWhole(
  shapes: ReadonlyMap<string, Shape>,
  trained: ReadonlyMap<string, Shape>,
): void {
  if (trained.size === shapes.size) return;
  const message =
    "model.trainable: only a pretrained model can have frozen parts. Set model.pretrained, or leave trainable out.";
  throw new VaekitError("INVALID_CONFIG", message);
}

const escapeExpression = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
