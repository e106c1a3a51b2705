import { expect, test } from "vitest";
import { boolean, positiveInteger } from "./config-checks.ts";
import { checkKeys, configText, readKeys, refuseContradictions, type ConfigTable } from "./config-keys.ts";

interface Lamp {
  readonly bulbCount: number;
  readonly isLit: boolean;
}

const table: ConfigTable<Lamp> = {
  classNames: ["Lamp", "OldLamp"],
  checks: { bulbCount: positiveInteger(8), isLit: boolean },
  ignored: ["bulb_colours"],
};

test("a config.json is read under diffusers' names, by any name of the class", () => {
  const json = { _class_name: "OldLamp", bulb_count: 2, is_lit: true, bulb_colours: [1] };
  expect(readKeys(json, "lamp.json", "config.json", table)).toEqual({
    values: { bulbCount: 2, isLit: true },
    warnings: [],
    isWhole: true,
  });
  expect(readKeys({ bulbCount: 2, is_lit: true }, "lamp.json", "config.json", table)).toEqual({
    values: { isLit: true },
    warnings: ["lamp.json: ignored keys that Lamp does not have: bulbCount."],
    isWhole: false,
  });
});

test("a program may write either names, and no unknown one", () => {
  expect(readKeys({ bulbCount: 2, is_lit: true }, "config", "object", table).values).toEqual({
    bulbCount: 2,
    isLit: true,
  });
  expect(() => readKeys({ bulb_cout: 2 }, "config", "object", table)).toThrow(
    "config: Lamp has no key bulb_cout; did you mean bulb_count?",
  );
});

test("another class, a wrong value and a value that is said twice are refused", () => {
  const read = (json: unknown) => (): unknown => readKeys(json, "c", "object", table);
  expect(read({ _class_name: "Candle" })).toThrow(
    'c: expected the config of a Lamp, found that of "Candle".',
  );
  expect(read({ bulb_count: 9 })).toThrow("c: bulb_count: expected a whole number of at most 8, found 9.");
  expect(read({ bulb_count: 2, bulbCount: 3 })).toThrow(
    "c: bulb_count is 2, but bulbCount, the same key, is 3.",
  );
  expect(read([])).toThrow("c: expected an object with Lamp's config, found [].");
});

test("a whole config has every key", () => {
  expect(() => {
    checkKeys({ bulbCount: 1 }, "c", table);
  }).toThrow("c: isLit: expected true or false, found nothing. completeConfig adds what is missing.");
  checkKeys({ bulbCount: 1, isLit: false }, "c", table);
});

test("keys that contradict the shapes of tensors are named, and those that shapes leave open are not", () => {
  const shapes = { bulbCount: 2, isLit: true };
  expect(() => {
    refuseContradictions<Lamp>(shapes, ["bulbCount"], { bulbCount: 3, isLit: false }, "lamp");
  }).toThrow("contradicts the shapes of the file's tensors: bulb_count: expected 2, found 3. Leave");
});

test("a config.json is written with its keys in order", () => {
  expect(Object.keys(JSON.parse(configText("Lamp", { isLit: true, bulbCount: 2 })) as object)).toEqual([
    "_class_name",
    "_diffusers_version",
    "bulb_count",
    "is_lit",
  ]);
});
