import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("takes one piece of work after another, in order, whether the ones before succeed or fail", async () => {
  const turns = new Turns();
  const events: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      events.push(`${name} begins`);
      await Promise.resolve();
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const taken = [turns.take(work("a")), turns.take(work("b", true)), turns.take(work("c"))];
  const outcomes = await Promise.allSettled(taken);
  expect(events).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(outcomes).toEqual([
    { status: "fulfilled", value: "a" },
    { status: "rejected", reason: new Error("b") },
    { status: "fulfilled", value: "c" },
  ]);
});
