/** Results that follow what they depend on: computed anew when that changes, kept on screen until the new ones are there. */
import { onDestroy, untrack } from "svelte";
import type { Engine, Model } from "./engine.svelte.ts";

export interface Live<Result> {
  readonly value: Result | undefined;
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
  $effect(() => {
    const given = input();
    if (given === undefined || engine.model === undefined) return;
    untrack(() => {
      void compute(given);
    });
  });
  onDestroy(() => {
    engine.leave(lane);
  });

  async function compute(given: Input): Promise<void> {
    const newest = await engine.latest(lane, (model) => work(model, given));
    if (newest !== undefined) value = newest;
  }
  return {
    get value() {
      return value;
    },
  };
}

export interface Series<Result> {
  /** As far as they are computed, in their order. */
  readonly values: readonly Result[];
}

/**
 * As {@link live}, for many results that come one after the other, while nothing else is asked for.
 *
 * @param work each of its steps has a turn of its own.
 */
export function series<Input, Result>(
  engine: Engine,
  input: () => Input | undefined,
  work: (model: Model, input: Input) => AsyncGenerator<Result, void, void>,
): Series<Result> {
  let values = $state.raw<readonly Result[]>([]);
  $effect(() => {
    const given = input();
    const { model } = engine;
    values = [];
    if (given === undefined || model === undefined) return;
    const lane = {};
    let isOver = false;
    void untrack(async () => {
      const steps = work(model, given);
      for (;;) {
        const step = await engine.latest(lane, () => steps.next(), "idle");
        if (isOver || step === undefined || step.done === true) return;
        values = [...values, step.value];
      }
    });
    return () => {
      isOver = true;
      engine.leave(lane);
    };
  });
  return {
    get values() {
      return values;
    },
  };
}
