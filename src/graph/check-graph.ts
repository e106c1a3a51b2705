/** Whether an argument is a graph at all: of one that is, `verify` proves the rest. */
import { checkValue, type OptionKind } from "../util/check-options.ts";

const parts = ["inputs", "initializers", "nodes", "outputs"];

const graphKind: OptionKind = {
  expected: "a Graph, as a model's graph() makes",
  fits: (value) =>
    typeof value === "object" &&
    value !== null &&
    parts.every((part) => Array.isArray(Reflect.get(value, part))),
};

/** @throws INVALID_ARGUMENT unless it has a graph's lists. */
export function checkGraph(value: unknown, subject: string): void {
  checkValue(subject, value, graphKind);
}
