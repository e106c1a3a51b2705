import { describe, expect, it } from "vitest";
import { parseYaml, YamlError } from "./yaml.ts";

const levels = (count: number): string => "[".repeat(count) + "]".repeat(count);

describe("parseYaml", () => {
  it("gives the value of plain YAML and of JSON, aliases included", () => {
    expect(parseYaml("a: &x [1, two]\nb: *x\n").value).toEqual({ a: [1, "two"], b: [1, "two"] });
    expect(parseYaml('{"a": {"b": null}}').value).toEqual({ a: { b: null } });
    expect(parseYaml(levels(32)).value).toHaveLength(1);
  });

  it.each([
    ["lists that never close", "[".repeat(100_000), "levels of nesting"],
    ["lists that close", levels(100_000), "levels of nesting"],
    ["lists one level too deep", levels(33), "at most 32 levels"],
    ["maps", "{a: ".repeat(20_000), "levels of nesting"],
    ["keys that are questions", "? ".repeat(20_000), "levels of nesting"],
    ["items in items", "- ".repeat(20_000), "levels of nesting"],
    ["indented keys", Array.from({ length: 500 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "levels"],
    ["keys that are lists", `? ${levels(50)}\n: 1`, "levels of nesting"],
    ["very many items", `[${"1,".repeat(50_000)}]`, "at most 10000 values"],
    [
      "very many keys",
      Array.from({ length: 10_001 }, (_, i) => `k${i}: 1`).join("\n"),
      "at most 10000 values",
    ],
    [
      "aliases that multiply",
      ["a: &a [x, x, x, x, x, x, x, x, x, x]", "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]"]
        .concat("c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]", "d: [*c, *c, *c, *c, *c, *c, *c, *c, *c]")
        .join("\n"),
      "Excessive alias count",
    ],
    ["an alias of nothing", "a: *b", "Unresolved alias"],
    ["two documents", "a: 1\n---\nb: 2\n", "multiple documents"],
    ["a key twice", "a: 1\na: 2\n", "unique"],
  ])("refuses %s", (_, text, message) => {
    // Once: some take the parser a while.
    let error: unknown;
    try {
      parseYaml(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(YamlError);
    expect((error as YamlError).message).toContain(message);
  });
});
