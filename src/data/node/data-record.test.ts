import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeDataChanges, formatDataRecord, parseDataRecord, recordPictures } from "./data-record.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
const record = (...names: string[]): ReturnType<typeof recordPictures> =>
  recordPictures(folder, names.map(at));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-record-"));
  for (const [i, name] of ["a.png", "b.png", "c.png"].entries()) {
    await writeFile(at(name), new Uint8Array(10_000).fill(i));
  }
});
afterAll(() => rm(folder, { recursive: true }));

describe("describeDataChanges", () => {
  it("says nothing of the same pictures, and of a copy of them", async () => {
    const before = await record("a.png", "b.png");
    await cp(at("a.png"), at("a.png.copy"));
    await cp(at("a.png.copy"), at("a.png"));
    expect(describeDataChanges(before, await record("a.png", "b.png"))).toBeUndefined();
  });

  it("counts and names what was added, removed and renamed", async () => {
    const changes = describeDataChanges(await record("a.png", "b.png"), await record("b.png", "c.png"));
    expect(changes).toBe("1 added (c.png), 1 removed (a.png)");
  });

  it("sees other bytes under the same name and of the same size", async () => {
    const before = await record("a.png", "c.png");
    await writeFile(at("c.png"), new Uint8Array(10_000).fill(9));
    expect(describeDataChanges(before, await record("a.png", "c.png"))).toBe("1 with other content (c.png)");
  });

  it("sees another order, and a picture that is listed twice", async () => {
    const before = await record("a.png", "b.png");
    for (const names of [
      ["b.png", "a.png"],
      ["a.png", "b.png", "b.png"],
    ]) {
      expect(describeDataChanges(before, await record(...names))).toMatch(/another order or number/);
    }
  });
});

describe("recordPictures", () => {
  it("looks at bytes from the middle, and at the size", async () => {
    const middle = (at: number): Uint8Array => {
      const bytes = new Uint8Array(10_000);
      bytes[at] = 1;
      return bytes;
    };
    const digests: string[] = [];
    // 4096 bytes from 2952 on.
    for (const place of [0, 2951, 2952, 7047, 7048]) {
      await writeFile(at("m.bin"), middle(place));
      const [picture] = await record("m.bin");
      expect(picture).toMatchObject({ name: "m.bin", byteLength: 10_000 });
      digests.push(picture!.digest);
    }
    const [outside] = digests;
    expect(digests.map((digest) => digest === outside)).toEqual([true, true, false, false, true]);
    await rm(at("m.bin"));
  });

  it("keeps the order of the files, more than it looks up at once, and names below the root", async () => {
    const many = Array.from({ length: 130 }, (_, i) => ["a.png", "b.png", "sub/none.png"][i % 3]!);
    const found = await record(...many);
    expect(found.map(({ name }) => name)).toEqual(many);
    expect(found[2]).toEqual({ name: "sub/none.png", byteLength: null, digest: "" });
  });
});

describe("describeDataChanges, of many,", () => {
  it("names three of each kind and counts the others", () => {
    const some = (...names: string[]) => names.map((name) => ({ name, byteLength: 1, digest: "" }));
    expect(describeDataChanges(some("x"), some("a", "b", "c", "x"))).toBe("3 added (a, b, c)");
    expect(describeDataChanges(some("x"), some("a", "b", "c", "d", "e", "x"))).toBe(
      "5 added (a, b, c, and 2 more)",
    );
    const other = [{ name: "x", byteLength: 2, digest: "" }];
    expect(describeDataChanges(some("x"), other)).toBe("1 with other content (x)");
    expect(describeDataChanges(some("x", "y"), [{ name: "x", byteLength: 1, digest: "1" }])).toBe(
      "1 removed (y), 1 with other content (x)",
    );
  });
});

const textOf = (made: Iterable<Uint8Array>): string => Buffer.concat([...made]).toString("utf8");

describe("parseDataRecord", () => {
  it("reads what was written: strange names, missing files, more than a JSON file may hold", async () => {
    const some = await record("a.png", "missing.png", "__proto__", "12", "line\nfeed.png");
    const [first] = some;
    const many = [...some, ...new Array<typeof first>(500_000).fill(first).map((each) => each!)];
    const read = parseDataRecord(textOf(formatDataRecord(many)), "data.jsonl");
    expect(read.slice(0, 5)).toEqual(some);
    expect(read).toHaveLength(500_005);
    expect(describeDataChanges(read, many)).toBeUndefined();
  });

  it.each(["[]", "null", '{"a"', '["a.png", "1", ""]', '["a.png", 1]', "[1, 1, 1]"])(
    "names the line of a damaged one: %s",
    (line) => {
      expect(() => parseDataRecord(`["a.png",1,"00"]\n${line}\n`, "data.jsonl")).toThrow(
        /^data\.jsonl: expected a picture's name, size and digest in line 2.*Remove the file/,
      );
    },
  );
});
