import { describe, expect, it } from "vitest";
import { findDuplicateKey, findNumberThatIsNoCount } from "./json-scan.ts";
import { jsonLimits, parseJson } from "./json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("findDuplicateKey", () => {
  it.each([
    ['{"a":1,"b":2}', undefined],
    ['{"a":1,"a":2}', "a"],
    ['{"a":1,"\\u0061" : 2}', "a"],
    ['{"a":{"b":1,"c":[{"b":1},{"b":1}]},"b":1}', undefined],
    ['{"a":{"b":1},"c":{"b":1}}', undefined],
    ['{"a":{"b":1,"b":1}}', "b"],
    ['{"a":[],"b":{},"a":1}', "a"],
    ['{"a":"a","b":"a"}', undefined],
    ['{"\\"":1,"\\\\":2,"\\"":3}', '"'],
    ['{"{":"}","}":"{","{":1}', "{"],
    ["[]", undefined],
  ])("finds in %s the duplicate %j", (json, duplicate) => {
    expect(findDuplicateKey(json)).toBe(duplicate);
  });
});

describe("findNumberThatIsNoCount", () => {
  it.each(["2.0", "1e0", "-0", "-1", "1E2"])("finds %s", (number) => {
    expect(findNumberThatIsNoCount(`{"-1.5e1": [3, ${number}]}`)).toBe(number);
  });

  it("finds nothing among digits, words and strings", () => {
    expect(findNumberThatIsNoCount('{"-1": ["-1.5", "\\"-2", 30, 0, true, false, null]}')).toBeUndefined();
  });
});

describe("parseJson", () => {
  const everything = '{"a": [1, -2.5e3, true, null, "é \\u00e9 \\ud83d\\ude00"], "b": {"a": {}}}';

  it("gives what JSON.parse gives, for bytes and for text", () => {
    expect(parseJson(bytes(everything), { name: "x" })).toEqual(JSON.parse(everything));
    expect(parseJson(everything, { name: "x" })).toEqual(JSON.parse(everything));
    expect(parseJson(bytes(everything), { name: "x", mustBeWellFormed: true })).toEqual(
      JSON.parse(everything),
    );
  });

  it("takes a byte order mark of UTF-8, as editors on Windows write it", () => {
    expect(parseJson(new Uint8Array([0xef, 0xbb, 0xbf, ...bytes("[1]")]), { name: "x" })).toEqual([1]);
  });

  it.each([
    ["no JSON", "{latent_channels: 4}", "x.json: expected JSON: "],
    ["nothing", "", "x.json: expected JSON, found an empty file. Download it again."],
    [
      "a Git LFS pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:0",
      "Run `git lfs pull` in its folder.",
    ],
    [
      "an HTML page",
      "<!doctype html><html>",
      "found an HTML page: a login or error page was saved in place of the file",
    ],
    ["a plain answer", "Entry not found", 'expected JSON, found text: "Entry not found". Download it again.'],
    [
      "a key twice",
      '{"a": {"b": 1, "\\u0062": 2}}',
      'x.json: has the key "b" twice in one object; remove one.',
    ],
    ["lists deeper than any stack", "[".repeat(1_000_000), "at most 128 deep, found deeper ones"],
    ["objects deeper than any stack", '{"a":'.repeat(1_000_000), "at most 128 deep, found deeper ones"],
    ["closed lists that are too deep", "[".repeat(129) + "]".repeat(129), "at most 128 deep"],
    ["millions of objects", `[${"{},".repeat(1_000_000)}{}]`, "at most 450000 values, found more"],
    [
      "a long string",
      `["${"a".repeat(2 ** 20 + 1)}"]`,
      "strings of at most 1048576 characters, found one of 1048577",
    ],
    [
      "a long key",
      `{"${"\\\\".repeat(2 ** 20)}":1}`,
      "strings of at most 1048576 characters, found one of 2097152",
    ],
  ])("refuses %s", (_, text, message) => {
    for (const content of [text, bytes(text)]) {
      const parse = (): unknown => parseJson(content, { name: "x.json" });
      expect(parse).toThrow(message);
      expect(parse).toThrow(expect.objectContaining({ code: "INVALID_FILE" }) as Error);
    }
  });

  it("takes what is just within the limits", () => {
    const deep = "[".repeat(128) + "]".repeat(128);
    const many = `[${"1,".repeat(449_998)}1]`;
    const long = `["${"a".repeat(2 ** 20)}"]`;
    for (const text of [deep, many, long]) expect(() => parseJson(text, { name: "x" })).not.toThrow();
  });

  it("counts no bracket or comma inside strings", () => {
    const text = `["${"[{,".repeat(1000)}\\"[", "\\\\"]`;
    const limits = { maxDepth: 1, maxValues: 3 };
    expect(parseJson(text, { name: "x", limits })).toEqual(JSON.parse(text));
  });

  it.each([
    ["a file too large", new Uint8Array(jsonLimits.maxBytes + 1), "expected JSON of at most 16777216 bytes"],
    [
      "bytes that are no text",
      new Uint8Array([0x22, 0xff, 0x22]),
      "expected JSON in UTF-8, found bytes that are no UTF-8 text",
    ],
    [
      "UTF-16, low byte first",
      new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]),
      "found text in UTF-16. Save it as UTF-8",
    ],
    [
      "UTF-16, high byte first",
      new Uint8Array([0xfe, 0xff, 0, 0x7b, 0, 0x7d]),
      "found text in UTF-16. Save it as UTF-8",
    ],
  ])("refuses %s", (_, content, message) => {
    expect(() => parseJson(content, { name: "x.json" })).toThrow(message);
  });

  it.each(['{"scaling_factor": NaN}', '{"scaling_factor": [1, -Infinity]}'])(
    "says of %s which key it is",
    (text) => {
      expect(() => parseJson(text, { name: "x.json" })).toThrow(
        expect.objectContaining({
          code: "INVALID_CONFIG",
          message: expect.stringMatching(
            /scaling_factor is (NaN|-Infinity); expected a finite number/,
          ) as string,
        }) as Error,
      );
    },
  );

  it.each(['["\\ud800"]', '{"\\udc00": 1}', '["\\ud83d\\ude00\\ud83d"]', '["\\"\\\\", "\\"\\\\\\ud800"]'])(
    "refuses the half of a surrogate pair in %s where it is asked to",
    (text) => {
      expect(parseJson(text, { name: "x" })).toEqual(JSON.parse(text));
      expect(() => parseJson(text, { name: "x", mustBeWellFormed: true })).toThrow(
        "half of a surrogate pair",
      );
    },
  );

  it("keeps text with escaped backslashes before what looks like half of a pair", () => {
    const text = '["\\\\ud800", "-2.0", 20, 0, true, false]';
    expect(parseJson(text, { name: "x", mustBeWellFormed: true })).toEqual(JSON.parse(text));
  });

  it("shows no more of a long key than a line", () => {
    const key = "k".repeat(10_000);
    try {
      parseJson(`{"${key}":1,"${key}":2}`, { name: "x" });
      expect.unreachable("accepted");
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(200);
    }
  });
});
