import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../graph/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { nextOf } from "../runtime.ts";
import { Turns } from "../turns.ts";
import { WebState } from "./web-state.ts";

const one = (value: number): Tensor<"float32"> => Tensor.from(Float32Array.of(value), [1]);
const state = (): WebState => new WebState(new Turns(), { a: one(1), b: one(2) });

const builder = new GraphBuilder("sum");
const [a, x] = ["a", "x"].map((name) => builder.input(name, "float32", [1]));
const graph = builder.build({ y: builder.apply("Add", [a!, x!], {}) });

describe("a state in JavaScript's memory", () => {
  test("is a copy of what it was given, and gives copies", async () => {
    const given = one(1);
    const kept = new WebState(new Turns(), { a: given });
    given.data[0] = 9;
    const [first, second] = [await kept.read(), await kept.read(["a"])];
    expect([first, second]).toEqual([{ a: one(1) }, { a: one(1) }]);
    (first.a!.data as Float32Array).fill(9);
    expect(await kept.read()).toEqual({ a: one(1) });
  });

  test("gives a graph the inputs that are not given, and none that the graph does not have", () => {
    expect(state().inputsFor(graph, { x: one(5) })).toEqual({ a: one(1) });
    expect(state().inputsFor(graph, { x: one(5), a: one(7) })).toEqual({});
  });

  test("takes the successors that a run gives, out of its results, and keeps the others", async () => {
    const kept = state();
    const results = { [nextOf("b")]: one(8), y: one(3) };
    kept.take(results);
    expect(results).toEqual({ y: one(3) });
    expect(await kept.read()).toEqual({ a: one(1), b: one(8) });
  });

  test("that was disposed refuses to be read", async () => {
    const kept = state();
    await kept.dispose();
    await expect(kept.read()).rejects.toMatchObject({
      code: "DISPOSED",
      message: "The state was disposed.",
    });
  });
});
