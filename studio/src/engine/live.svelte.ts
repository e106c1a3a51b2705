/** A result that follows what it depends on: computed anew when that changes, kept on screen until the new one is there. */
import { onDestroy, untrack } from "svelte";
import type { Engine, Model } from "./engine.svelte.ts";
import { failureOf } from "./failure.ts";

export interface Live<Result> {
  readonly value: Result | undefined;
  readonly pending: boolean;
}

/**
 * For a component, while it is mounted.
 *
 * @param input what the result depends on, read reactively; undefined where nothing can be computed yet.
 * @param work computes the result; what it reads is not followed.
 */
export function live<Input, Result>(
  engine: Engine,
  input: () => Input | undefined,
  work: (model: Model, input: Input) => Promise<Result>,
): Live<Result> {
  const lane = {};
  let value = $state.raw<Result>();
  let pending = $state(false);
  $effect(() => {
    const given = input();
    if (given === undefined || engine.model === undefined) return;
    untrack(() => {
      void compute(given);
    });
  });
  onDestroy(() => {
    engine.cancel(lane);
  });

  async function compute(given: Input): Promise<void> {
    pending = true;
    try {
      const newest = await engine.latest(lane, (model) => work(model, given));
      if (newest === undefined) return;
      value = newest;
      engine.failure = undefined;
    } catch (error) {
      engine.failure = failureOf(error);
    }
    pending = false;
  }
  return {
    get value() {
      return value;
    },
    get pending() {
      return pending;
    },
  };
}
