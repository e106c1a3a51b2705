/**
 * One piece of work after another on each build of onnxruntime-web that is loaded: it cannot create and run sessions
 * side by side, and what it is given for one session (the weights' files) it takes for another that is made meanwhile.
 * So two models in one page take turns.
 */
import { Turns } from "../turns.ts";
import type { OrtModule } from "./ort-module.ts";

const known = new WeakMap<object, Turns>();

/** The turns of a build; by its class, which the module and its default export share. */
export function turnsOf({ InferenceSession }: OrtModule): Turns {
  const turns = known.get(InferenceSession) ?? new Turns();
  known.set(InferenceSession, turns);
  return turns;
}
