import { describe, expect, it } from "vitest";
import { messageText, oneLine, printable, quote, shorten, shownName } from "./printable.ts";

/** Everything that could steer a terminal, each by its code. */
const steering = [
  ...Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 10),
  ...Array.from({ length: 33 }, (_, i) => 0x7f + i),
  ...[
    0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xd800, 0xdfff,
    0xe0041,
  ],
];

describe("printable", () => {
  it.each(steering)("spells out the character %i", (code) => {
    const character = code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
    const shown = printable(`a${character}b`);
    expect(shown).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    // What it spells is what JSON reads.
    expect(JSON.parse(`"${shown}"`)).toBe(`a${character}b`);
  });

  it("keeps letters of every script, pictures of them, and line feeds", () => {
    for (const text of ["żółć 日本語\n", "👩‍👩‍👧", "می‌خواهم", "é̂", "x\u00a0y"])
      expect(printable(text)).toBe(text);
    expect(oneLine("a\nb")).toBe("a\\nb");
  });
});

describe("quotes", () => {
  it("show a name as it is where it is plain, and in quotes where it could pass for other words", () => {
    expect(shownName("encoder.conv_in.weight")).toBe("encoder.conv_in.weight");
    expect(shownName("none. All good")).toBe('"none. All good"');
    expect(shownName("")).toBe('""');
    expect(shownName("a\nb\u001b[2J")).toBe('"a\\nb\\u001b[2J"');
  });

  it("are no longer than a line", () => {
    for (const value of ["x".repeat(1e6), ["y".repeat(1e6)], { a: "🎨".repeat(1e5) }, "\u001b".repeat(1e5)])
      expect(quote(value).length).toBeLessThanOrEqual(120);
    expect(shorten("🎨🎨", 4)).toBe("🎨🎨");
    expect(shorten("🎨🎨🎨", 4)).toBe("🎨…");
  });

  it("show any value", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect([undefined, NaN, 1n, null, "a", circle, () => 1].map(quote)).toEqual([
      "nothing",
      "NaN",
      "1",
      "null",
      '"a"',
      "a value of type object",
      "function",
    ]);
  });

  it("leave a long message its beginning and its end", () => {
    const text = messageText(`file: ${"x".repeat(3e6)}. Do this.`);
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text).toMatch(/^file: x+…x+\. Do this\.$/);
    const words = messageText(`file: ${"word ".repeat(1e5)}. Do this.`);
    expect(words.length).toBeLessThanOrEqual(2000);
    expect(words).toMatch(/^file: (word )+w?o?r?d?…( ?\w* )(word )+\. Do this\.$/);
  });

  it("may be as long as the limit once long words are cut, and not by a character longer", () => {
    // 300 characters are left of a long word.
    const of = (before: number): string => messageText(`${"a ".repeat(before / 2)}${"x".repeat(3000)}`);
    expect(of(1700)).toMatch(/^(a ){850}x{199}…x{100}$/);
    expect(of(1700)).toHaveLength(2000);
    expect(of(1702)).toHaveLength(2000);
    expect(of(1702)).toContain("… ");
  });

  it("leave what a message says between two names without end", () => {
    const name = "\u{1f600}".repeat(5e4);
    expect(messageText(`${name}: no such file (/${name}).`)).toMatch(
      /^(\u{1f600})+…(\u{1f600})+: no such file \(\/(\u{1f600})+…(\u{1f600})+\)\.$/u,
    );
  });
});

describe("the limits of texts", () => {
  it("are those of their callers, to the character", () => {
    expect(shorten("x".repeat(100))).toBe("x".repeat(100));
    expect(shorten("x".repeat(101))).toBe(`${"x".repeat(99)}…`);
    expect(shorten("abc", 3)).toBe("abc");
    expect(shorten("abcd", 3)).toBe("ab…");
    expect(shorten("ab🎨c", 4)).toBe("ab…");
  });

  it("of a quote are 100 characters of a text and 120 of anything", () => {
    expect(quote("x".repeat(100))).toBe(`"${"x".repeat(100)}"`);
    expect(quote("x".repeat(101))).toBe(`"${"x".repeat(99)}…"`);
    expect(quote(["x".repeat(116)])).toBe(`["${"x".repeat(116)}"]`);
    expect(quote(["x".repeat(117)])).toHaveLength(120);
    expect([-0, 1.5, 10n ** 20n, true].map(quote)).toEqual(["0", "1.5", "100000000000000000000", "true"]);
    expect(
      quote({
        get a(): never {
          throw new Error("no");
        },
      }),
    ).toBe("a value of type object");
  });

  it("of a name are 100 characters", () => {
    expect(shownName("x".repeat(100))).toBe("x".repeat(100));
    expect(shownName("x".repeat(101))).toBe(`"${"x".repeat(99)}…"`);
    expect(shownName("a/b:c+d-e_f.1")).toBe("a/b:c+d-e_f.1");
    for (const name of ["a b", "é", "a,b", "(a)"]) expect(shownName(name)).toBe(`"${name}"`);
  });

  it("of a message are 2000 characters, and line feeds are spelled", () => {
    const sentence = "word ".repeat(400);
    expect(messageText(sentence)).toBe(sentence);
    const longer = messageText(`${sentence}x`);
    expect(longer).toHaveLength(2000);
    expect(longer.startsWith("word word")).toBe(true);
    expect(longer.endsWith("word x")).toBe(true);
    expect(messageText("a\nb")).toBe("a\\nb");
  });

  it("of a word in a long message are 300 characters, of which both ends stay", () => {
    const word = "y".repeat(300);
    expect(messageText(`${"word ".repeat(300)}${word}${" word".repeat(100)}`)).toContain(
      ` ${word.slice(200)}`,
    );
    const name = `${"a".repeat(1000)}${"b".repeat(1000)}`;
    expect(messageText(`${name}: no such file.`)).toBe(`${"a".repeat(199)}…${"b".repeat(99)}: no such file.`);
  });
});
