/** Every export of vaekit/tune takes what it promises, or refuses it with an error of vaekit. */
import { afterAll, expect, test } from "vitest";
import * as tune from "../../src/node/tune/index.ts";
import { describeRows, row, rowsNeeded, type Rows } from "../argument-rows.ts";
import { Autoencoder, runtimes } from "../small-models.ts";

const vae = Autoencoder.of(runtimes.Node!());
afterAll(() => vae.dispose());
const work = { half: "decoder", width: 16, height: 16 } as const;

const rows: Rows = {
  describePlans: row((x) => tune.describePlans(x, work)),
  "describePlans: work": row((x) => tune.describePlans(vae, x)),
  "describePlans: half": row((x) => tune.describePlans(vae, { ...work, half: x })),
  "describePlans: width": row((x) => tune.describePlans(vae, { ...work, width: x })),
  // The names of options in the place of their values: what is right would measure for seconds.
  measureCosts: row((x) => tune.measureCosts(nothingRight(x))),
  "measureCosts: threadCount": row((x) => tune.measureCosts({ threadCount: missing(x) })),
  "measureCosts: rounds": row((x) => tune.measureCosts({ rounds: missing(x) })),
  "measureCosts: save": row((x) => tune.measureCosts({ save: notBoolean(x) })),
};
describeRows(rows);

/** What would be a default is another wrong value here. */
function missing(value: unknown): never {
  return (value === undefined ? null : value) as never;
}

function notBoolean(value: unknown): never {
  return typeof value === "boolean" ? (1 as never) : missing(value);
}

function nothingRight(value: unknown): never {
  const isRight = value === undefined || value instanceof Map || typeof value === "function";
  return (isRight || (typeof value === "object" && value !== null) ? { rounds: null } : value) as never;
}

test("every export has its rows", () => {
  const needed = Object.entries(tune).flatMap(([name, value]) => rowsNeeded(name, value));
  expect(needed).toEqual(["describePlans", "measureCosts"]);
  expect(needed.filter((name) => !(name in rows))).toEqual([]);
});

test("both ways of a half are described, and which is taken", async () => {
  const { whole, exact, chosen, prices } = await tune.describePlans(vae, work);
  expect(whole.layers.length).toBeGreaterThan(5);
  expect(exact!.peakBytes).toBeGreaterThan(0);
  expect(chosen.half).toBe("decoder");
  expect(["measured", "default"]).toContain(prices);
  await expect(tune.describePlans(vae, { ...work, width: 15 })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: "size: expected multiples of 2 for this model, found 15x16.",
  });
});
