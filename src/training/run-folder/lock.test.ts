import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import fs, { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isLockFile, RunLock } from "./lock.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-lock-"));
  path = join(folder, "train.lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What a lock file says of a process, if the system tells when it was started. */
function holderOf(pid: number): { pid: number; host: string; started: string; token: string } {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const status = readFileSync(`/proc/${pid}/stat`, "utf8");
  const started = status.slice(status.lastIndexOf(")") + 2).split(" ")[19]!;
  return { pid, host: hostname(), started: `${boot} ${started}`, token: "00112233" };
}

/** More than any system gives. */
const noProcess = 2 ** 22 + 1;
const dead = { pid: noProcess, host: hostname(), started: "boot 1", token: "00" };

const write = (holder: unknown, where = path): Promise<void> =>
  writeFile(where, typeof holder === "string" ? holder : JSON.stringify(holder));
const heldBy = async (): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));
const names = async (): Promise<string[]> => (await readdir(folder)).sort();

/** Takes the lock and gives it back. */
async function takeAndReturn(): Promise<void> {
  using lock = await RunLock.acquire(path);
  expect(await heldBy()).toMatchObject({ pid: process.pid, host: hostname() });
  expect(lock.path).toBe(path);
}

describe("a lock", () => {
  it("whose file a person has removed is given back all the same", async () => {
    const lock = await RunLock.acquire(path);
    await rm(path);
    lock[Symbol.dispose]();
    expect(await names()).toEqual([]);
    await takeAndReturn();
  });

  it("keeps a second one of this process out, leaves nothing else, and is given back", async () => {
    const lock = await RunLock.acquire(path);
    expect(await names()).toEqual(["train.lock"]);
    await expect(RunLock.acquire(path)).rejects.toMatchObject({
      code: "IO",
      message: `${path}: this run is being trained by process ${process.pid}; wait for it or stop it first.`,
    });
    expect(await names()).toEqual(["train.lock"]);
    lock[Symbol.dispose]();
    expect(await names()).toEqual([]);
    await takeAndReturn();
  });

  it("of this process that it has given back, or never took, holds nobody", async () => {
    await write({ ...dead, pid: process.pid });
    await takeAndReturn();
    expect(await names()).toEqual([]);
  });

  it.runIf(process.platform === "linux")("of a process that lives is respected", async () => {
    const holder = holderOf(process.ppid);
    await write(holder);
    await expect(RunLock.acquire(path)).rejects.toMatchObject({
      code: "IO",
      message: `${path}: this run is being trained by process ${process.ppid}; wait for it or stop it first.`,
    });
    expect(await heldBy()).toEqual(holder);
    expect(await names()).toEqual(["train.lock"]);
  });

  it.runIf(process.platform === "linux")(
    "of a process with this number that was another one is taken over",
    async () => {
      // The number is that of a living process, which was started at another time or in another boot.
      const holder = holderOf(process.ppid);
      const [boot, started] = holder.started.split(" ");
      for (const other of [`${boot} ${Number(started) + 1}`, `other-boot ${started}`, ""]) {
        await write({ ...holder, started: other });
        await takeAndReturn();
        expect(await names()).toEqual([]);
      }
    },
  );

  it("of a number that no process has is taken over", async () => {
    await write(dead);
    await takeAndReturn();
    expect(await names()).toEqual([]);
  });

  it.runIf(process.platform === "linux")(
    "of a process that has ended and whose parent sleeps is taken over",
    async () => {
      // The shell becomes `sleep`, which never asks after its child; the child ends when that has happened.
      const child = 'while [ "$(cat /proc/$$/comm)" != sleep ]; do sleep 0.01; done';
      const parent = spawn("bash", ["-c", `{ ${child}; } & echo $!; exec sleep 600`], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      try {
        const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
        while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) await wait(5);
        await write(holderOf(pid));
        await takeAndReturn();
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );

  it("of another machine is respected, with a way out", async () => {
    await write({ ...dead, pid: 1, host: "elsewhere" });
    await expect(RunLock.acquire(path)).rejects.toThrow(
      `being trained by process 1 on elsewhere; wait for it or stop it first. If that process has ended, remove ${path}.`,
    );
    expect(existsSync(path)).toBe(true);
  });

  it.each(["", "null", "{}", '{"pid":1}', '{"pid":"1","host":"a"}', "[]"])(
    "that is no lock at all is taken over: %j",
    async (text) => {
      await write(text);
      await takeAndReturn();
    },
  );

  it("is given back when the process ends, and only then listens for it", async () => {
    const before = process.listenerCount("exit");
    const lock = await RunLock.acquire(path);
    expect(process.listenerCount("exit")).toBe(before + 1);
    // What Node calls at the end of the process.
    (process.listeners("exit").at(-1) as () => void)();
    expect(await names()).toEqual([]);
    expect(process.listenerCount("exit")).toBe(before);
    lock[Symbol.dispose]();
  });

  it("that a person has removed, and another process has taken since, stays with that one", async () => {
    const lock = await RunLock.acquire(path);
    await write(dead);
    lock[Symbol.dispose]();
    expect(await heldBy()).toEqual(dead);
    await rm(path);
    lock[Symbol.dispose]();
  });

  it("goes to one of several that find its holder dead, and nothing of the others stays", async () => {
    await write(dead);
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => RunLock.acquire(path)));
    const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(won).toHaveLength(1);
    expect(await names()).toEqual(["train.lock"]);
    won[0]![Symbol.dispose]();
  });

  it("is not kept from anyone by a process that was killed while it took it over", async () => {
    await write(dead);
    await write(dead, `${path}.takeover`);
    await takeAndReturn();
    expect(await names()).toEqual([]);
    await write(dead);
    await write("", `${path}.takeover`);
    await takeAndReturn();
  });

  it.runIf(process.platform === "linux")("waits for a living process that takes it over", async () => {
    await write(dead);
    await write(holderOf(process.ppid), `${path}.takeover`);
    let isTaken = false;
    const taking = RunLock.acquire(path).then((lock) => {
      isTaken = true;
      return lock;
    });
    await wait(30);
    expect(isTaken).toBe(false);
    expect(await heldBy()).toEqual(dead);
    // The other process finds that it was quicker, or ends.
    await rm(`${path}.takeover`);
    using lock = await taking;
    expect(lock.path).toBe(path);
  });

  it.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])(
    "works where the file system knows no links and says %s",
    async (code) => {
      const { link } = fs;
      fs.link = () => Promise.reject(Object.assign(new Error(code), { code }));
      syncBuiltinESMExports();
      try {
        using lock = await RunLock.acquire(path);
        expect(lock.path).toBe(path);
        await expect(RunLock.acquire(path)).rejects.toThrow("this run is being trained by");
        expect(await names()).toEqual(["train.lock"]);
      } finally {
        fs.link = link;
        syncBuiltinESMExports();
      }
    },
  );

  it("that the system refuses is an error of the file", async () => {
    const missing = join(folder, "none", "train.lock");
    await expect(RunLock.acquire(missing)).rejects.toMatchObject({
      code: "IO",
      message: `${missing}: its folder does not exist; create it first.`,
    });
    const { link } = fs;
    fs.link = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    syncBuiltinESMExports();
    try {
      await expect(RunLock.acquire(path)).rejects.toMatchObject({
        code: "IO",
        message: `${path}: the disk is full, or your share of it; nothing was written.`,
      });
    } finally {
      fs.link = link;
      syncBuiltinESMExports();
    }
    expect(await names()).toEqual([]);
    // Its token is forgotten, too: the next one is free.
    await takeAndReturn();
  });
});

it("the files of a lock are known by their names", () => {
  const known = ["train.lock", "train.lock.0011.draft", "train.lock.takeover"];
  const others = ["train.lock.txt", "train.locks", "a.train.lock", "x.draft", "train.lock.draft.txt"];
  expect([...known, ...others].filter((name) => isLockFile(name, "train.lock"))).toEqual(known);
});
