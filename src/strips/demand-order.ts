/**
 * The order of a program's operations. By segments, a map is whole before the next one is begun. By demand, an operation comes when
 * something needs it: where no statistics wait for a whole map, its strips are used up before the next ones are made, and no map is
 * ever whole in memory.
 */
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { readsOf, writesOf, type Scheduled, type TensorId } from "./program.ts";

/** Statistics and attention need whole maps anyway: there the order by segments stays, which gathers the uses of strips. */
const worthReordering = 0.9;

/** The operations in the order that needs less memory. @param operations by segments. */
export function inBestOrder(
  shapes: readonly Shape[],
  operations: readonly Scheduled[],
): readonly Scheduled[] {
  const demanded = inDemandOrder(operations);
  const isSmaller = mostLive(shapes, demanded) < worthReordering * mostLive(shapes, operations);
  return isSmaller ? demanded : operations;
}

/** What the result depends on, for its first strip first. */
export function inDemandOrder(operations: readonly Scheduled[]): Scheduled[] {
  const makers = new Map<TensorId, Scheduled>();
  for (const operation of operations) {
    for (const tensor of writesOf(operation)) makers.set(tensor, operation);
  }
  const ordered = new Set<Scheduled>();
  const visit = (operation: Scheduled): void => {
    if (ordered.has(operation)) return;
    for (const tensor of readsOf(operation)) visit(makers.get(tensor)!);
    ordered.add(operation);
  };
  for (const operation of operations) if (operation.kind === "fetch") visit(operation);
  return [...ordered];
}

/** Elements of all tensors that exist at once, at most. */
export function mostLive(shapes: readonly Shape[], operations: readonly Scheduled[]): number {
  const lastUse = new Map<TensorId, number>();
  operations.forEach((operation, index) => {
    for (const tensor of [...readsOf(operation), ...writesOf(operation)]) lastUse.set(tensor, index);
  });
  let [live, most] = [0, 0];
  operations.forEach((operation, index) => {
    const made = writesOf(operation);
    for (const tensor of made) live += sizeOf(shapes[tensor]!);
    most = Math.max(most, live);
    for (const tensor of new Set([...readsOf(operation), ...made])) {
      if (lastUse.get(tensor) === index) live -= sizeOf(shapes[tensor]!);
    }
  });
  return most;
}
