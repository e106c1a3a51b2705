import fs from "node:fs";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileCalls } from "../../../test/train/file-calls.ts";
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

  it("writes a line whole, however little the system takes at once", async () => {
    using log = MetricsLog.open(path);
    const { writeSync } = fs;
    fs.writeSync = ((file: number, bytes: Uint8Array, offset: number) =>
      writeSync(file, bytes, offset, Math.min(3, bytes.length - offset))) as typeof writeSync;
    syncBuiltinESMExports();
    try {
      log.append({ step: 1, loss: 0.25 });
    } finally {
      fs.writeSync = writeSync;
      syncBuiltinESMExports();
    }
    expect(await text()).toBe('{"step":1,"loss":0.25}\n');
  });

  it("ends with the line before when the disk is full in the middle of one", async () => {
    using log = MetricsLog.open(path);
    log.append({ step: 1 });
    const { writeSync } = fs;
    let calls = 0;
    fs.writeSync = ((file: number, bytes: Uint8Array, offset: number) => {
      if (calls++ > 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
      return writeSync(file, bytes, offset, 4);
    }) as typeof writeSync;
    syncBuiltinESMExports();
    try {
      expect(() => {
        log.append({ step: 2, loss: 0.25 });
      }).toThrow(
        expect.objectContaining({
          code: "IO",
          message: `${path}: the disk is full, or your share of it; nothing was written.`,
        }),
      );
    } finally {
      fs.writeSync = writeSync;
      syncBuiltinESMExports();
    }
    expect(await text()).toBe('{"step":1}\n');
    log.append({ step: 2 });
    expect(await readMetrics(path)).toEqual([{ step: 1 }, { step: 2 }]);
  });

  it("is on disk when it was taken back, and when it is told to be", async () => {
    using files = new FileCalls();
    using log = MetricsLog.open(path);
    log.append({ step: 1 });
    expect(files.calls).toEqual([]);
    log.sync();
    expect(files.calls).toEqual([`sync ${path}`]);
    await log.truncateAfter(0);
    expect(files.calls).toEqual([`sync ${path}`, `sync ${path}`]);
  });

  it("explains what the system refuses when it is brought to disk", async () => {
    using log = MetricsLog.open(path);
    const { fsyncSync } = fs;
    fs.fsyncSync = () => {
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    syncBuiltinESMExports();
    try {
      expect(() => {
        log.sync();
      }).toThrow(expect.objectContaining({ code: "IO" }));
      await expect(log.truncateAfter(1)).rejects.toMatchObject({ code: "IO" });
    } finally {
      fs.fsyncSync = fsyncSync;
      syncBuiltinESMExports();
    }
  });

  it("takes no more once it is closed, twice if need be", () => {
    const log = MetricsLog.open(path);
    log[Symbol.dispose]();
    log[Symbol.dispose]();
    expect(() => {
      log.append({ step: 1 });
    }).toThrow(`${path} is used after it was closed`);
  });

  it("says that its folder is missing", () => {
    expect(() => MetricsLog.open(join(folder, "none", "log.jsonl"))).toThrow(
      "log.jsonl: its folder does not exist; create it first.",
    );
  });
});

describe("readMetrics", () => {
  it("leaves out lines that are no record", async () => {
    await writeFile(path, '{"step":1}\nnull\n7\n{"step":"2"}\n[]\n\n{"step":3}\n');
    expect(await readMetrics(path)).toEqual([{ step: 1 }, { step: 3 }]);
  });

  it("leaves out a line that is being written", async () => {
    await writeFile(path, '{"step":1,"loss":2}\n{"step":2,"los');
    expect(await readMetrics(path)).toEqual([{ step: 1, loss: 2 }]);
  });

  it("says that there is no log", async () => {
    await expect(readMetrics(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
