import { describe, expect, it } from "vitest";
import { findDuplicateKey, findLoneSurrogate, findNumberThatIsNoCount } from "./json-scan.ts";
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

describe("the limits of JSON", () => {
  const parse = (text: string, limits: Partial<typeof jsonLimits>) => (): unknown =>
    parseJson(text, { name: "x", limits });

  it("are those that the caller names, to the byte, the level, the value and the character", () => {
    expect(parse("[1]", { maxBytes: 3 })).not.toThrow();
    expect(parse("[1]", { maxBytes: 2 })).toThrow("x: expected JSON of at most 2 bytes, found 3.");
    expect(parse('[{"a":[]}]', { maxDepth: 3 })).not.toThrow();
    expect(parse('[{"a":[]}]', { maxDepth: 2 })).toThrow("at most 2 deep, found deeper ones");
    // Three in the list, and the text itself.
    expect(parse("[1,2,3]", { maxValues: 4 })).not.toThrow();
    expect(parse("[1,2,3]", { maxValues: 3 })).toThrow("at most 3 values, found more");
    expect(parse('["abc"]', { maxStringLength: 3 })).not.toThrow();
    expect(parse('["abcd"]', { maxStringLength: 3 })).toThrow(
      "strings of at most 3 characters, found one of 4",
    );
    expect(parse("[[],[],[]]", { maxDepth: 2 })).not.toThrow();
  });

  it("are 16 MiB, 128 levels, 450000 values and strings of 2^20 characters", () => {
    expect(jsonLimits).toEqual({
      maxBytes: 16_777_216,
      maxDepth: 128,
      maxValues: 450_000,
      maxStringLength: 1_048_576,
    });
  });

  it("hold of text without its end, too", () => {
    expect(parse('["abc', { maxStringLength: 2 })).toThrow("strings of at most 2 characters");
    expect(parse("[[[", { maxDepth: 2 })).toThrow("at most 2 deep");
  });
});

describe("what is no JSON", () => {
  it("says what a file of weights is in a config's place", () => {
    const weights = new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]);
    expect(() => parseJson(weights, { name: "x" })).toThrow(
      "x: expected JSON, found a safetensors file; pass the config.json beside it.",
    );
    const pickle = new Uint8Array([0x80, 2, 0x7d]);
    expect(() => parseJson(pickle, { name: "x" })).toThrow(
      "x: expected JSON in UTF-8, found a pickle, as PyTorch writes it; pass the config.json beside it.",
    );
  });

  it("is told as the parser tells it where JSON was meant", () => {
    expect(() => parseJson('\ufeff {"a": 1,}', { name: "x" })).toThrow(/^x: expected JSON: .*\.$/);
    expect(() => parseJson("[1, 2", { name: "x" })).toThrow(/^x: expected JSON: .*\.$/);
  });

  it.each([
    ['{"a": NaN}', "a is NaN"],
    ['{"a": Infinity}', "a is Infinity"],
    ['{"a": -Infinity}', "a is -Infinity"],
    ['{"b": 1, "a" : [1, 2, NaN]}', "a is NaN"],
  ])("but Python's %s is named by its key", (text, message) => {
    expect(() => parseJson(text, { name: "x" })).toThrow(`x: ${message}; expected a finite number.`);
  });

  it.each(['{"a": "NaN", b}', '{"a": NaNny}', "[NaN]"])("and %s is merely wrong", (text) => {
    expect(() => parseJson(text, { name: "x" })).toThrow(
      expect.objectContaining({ code: "INVALID_FILE" }) as Error,
    );
  });
});

describe("findLoneSurrogate", () => {
  it.each([
    ['["\\ud800"]', '"\\ud800"'],
    ['["a", "x\\udFFFy", "\\ud800"]', '"x\\udFFFy"'],
    ['{"\\ud83d": "\\ud83d\\ude00"}', '"\\ud83d"'],
    ['["\\ud83d\\ude00", "\\ude00"]', '"\\ude00"'],
    ['["\\\\\\"\\ud800"]', '"\\\\\\"\\ud800"'],
    ['["\\ud83d\\ude00"]', undefined],
    ['["\\\\ud800"]', undefined],
    ['["\\u00e9"]', undefined],
  ])("finds in %s the string %s", (json, found) => {
    expect(() => JSON.parse(json) as unknown).not.toThrow();
    expect(findLoneSurrogate(json)).toBe(found);
  });
});

describe("keys and numbers", () => {
  it("are keys only before a colon, whatever white space stands between", () => {
    expect(findDuplicateKey('{"a" \t\r\n: 1, "a": 2}')).toBe("a");
    expect(findDuplicateKey('["a", "a"]')).toBeUndefined();
    expect(findDuplicateKey('"a"')).toBeUndefined();
  });

  it("are told to their end", () => {
    expect(findNumberThatIsNoCount("[1, 2.50e+10]")).toBe("2.50e+10");
    expect(findNumberThatIsNoCount("-7")).toBe("-7");
    expect(findNumberThatIsNoCount("9")).toBeUndefined();
    expect(findNumberThatIsNoCount("[0,9,10]")).toBeUndefined();
  });
});
