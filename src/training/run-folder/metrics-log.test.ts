import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MetricsLog, readMetrics } from "./metrics-log.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-log-"));
  path = join(folder, "log.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (): Promise<string> => readFile(path, "utf8");

describe("MetricsLog", () => {
  it("appends one line for each record, keys in the given order", async () => {
    using log = MetricsLog.open(path);
    log.append({ step: 1, loss: 0.5, learningRate: 1e-4 });
    log.append({ step: 1, kind: "validation", psnr: { raw: 20, ema: null } });
    expect(await text()).toBe(
      '{"step":1,"loss":0.5,"learningRate":0.0001}\n{"step":1,"kind":"validation","psnr":{"raw":20,"ema":null}}\n',
    );
  });

  it("writes numbers that JSON does not know as text", async () => {
    using log = MetricsLog.open(path);
    log.append({ step: 3, loss: NaN, kl: [Infinity, -Infinity] });
    expect(await text()).toBe('{"step":3,"loss":"NaN","kl":["Infinity","-Infinity"]}\n');
  });

  it("has the same bytes when it was taken back, torn line and all, and went on", async () => {
    const write = (log: MetricsLog, from: number, to: number): void => {
      for (let step = from; step <= to; step++) log.append({ step, loss: 1 / step });
    };
    using log = MetricsLog.open(path);
    write(log, 1, 20);
    const uninterrupted = await text();
    using other = MetricsLog.open(join(folder, "other.jsonl"));
    write(other, 1, 13);
    await appendFile(other.path, '{"step":14,"lo');
    using resumed = MetricsLog.open(other.path);
    expect(await resumed.truncateAfter(11)).toEqual({
      keptLines: 11,
      droppedLines: 3,
      damagedLine: undefined,
    });
    write(resumed, 12, 20);
    expect(await readFile(other.path, "utf8")).toBe(uninterrupted);
  });

  it("drops a torn line even where every whole one stays", async () => {
    await writeFile(path, '{"step":1}\n{"step":2}');
    using log = MetricsLog.open(path);
    expect(await log.truncateAfter(5)).toMatchObject({
      keptLines: 1,
      droppedLines: 1,
      damagedLine: undefined,
    });
    expect(await text()).toBe('{"step":1}\n');
  });

  it("keeps every line of the step itself, and none below the first step", async () => {
    using log = MetricsLog.open(path);
    for (const step of [0, 1, 1, 2]) log.append({ step });
    await log.truncateAfter(1);
    expect(await text()).toBe('{"step":0}\n{"step":1}\n{"step":1}\n');
    await log.truncateAfter(-1);
    expect(await text()).toBe("");
  });

  it.each([["not json\n"], ["{}\n"], ["\0\0\0\0\n"]])("reports a damaged line: %j", async (damage) => {
    await writeFile(path, `{"step":1}\n${damage}{"step":2}\n`);
    using log = MetricsLog.open(path);
    expect(await log.truncateAfter(9)).toEqual({ keptLines: 1, droppedLines: 2, damagedLine: 2 });
    expect(await text()).toBe('{"step":1}\n');
  });

  it("opens an existing log at its end", async () => {
    await writeFile(path, '{"step":1}\n');
    using log = MetricsLog.open(path);
    log.append({ step: 2 });
    expect(await readMetrics(path)).toEqual([{ step: 1 }, { step: 2 }]);
  });

  it("says that its folder is missing", () => {
    expect(() => MetricsLog.open(join(folder, "none", "log.jsonl"))).toThrow(
      "log.jsonl: its folder does not exist; create it first.",
    );
  });
});

describe("readMetrics", () => {
  it("leaves out a line that is being written", async () => {
    await writeFile(path, '{"step":1,"loss":2}\n{"step":2,"los');
    expect(await readMetrics(path)).toEqual([{ step: 1, loss: 2 }]);
  });

  it("says that there is no log", async () => {
    await expect(readMetrics(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
