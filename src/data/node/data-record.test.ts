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
