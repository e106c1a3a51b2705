/**
 * The real file system, with a record of the calls that decide what a power cut leaves, and with faults where a test asks
 * for them. A test file that wants it says, before its imports are run:
 *
 * `vi.mock("node:fs/promises", async (original) => (await import("./recorded-files.ts")).recorded(await original()));`
 */
import type * as promises from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";

type Files = typeof promises;

/** What was called since the last clear: `open out.partial wx`, `sync out.partial`, `rename out.partial → out`. */
export const calls: string[] = [];

/** What goes wrong, and how. */
export const faults: {
  /** Fails the call before it is made, where this gives an error. */
  fail?: (call: string) => Error | undefined;
  /** A write takes no more bytes at once. */
  maxBytesPerWrite?: number;
  /** What the disk says of its room, instead of the truth. */
  room?: Partial<{ blocks: number; bavail: number; bsize: number }>;
} = {};

/** Forgets the calls and the faults. */
export function clear(): void {
  calls.length = 0;
  delete faults.fail;
  delete faults.maxBytesPerWrite;
  delete faults.room;
}

/** An error of the system, as Node throws it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code });
}

/** Names without what is drawn by chance. */
function nameOf(path: unknown): string {
  return basename(String(path))
    .replace(/\.\d+\.[0-9a-f]{8}\.partial$/, ".partial")
    .replace(/^\.(.*)\.[0-9a-f]{8}\.partial$/, "$1.partial")
    .replace(/\.[0-9a-f]{8}-\d+-[0-9a-f]{8}(\.vaekit-incomplete)$/, "$1")
    .replace(/\.[0-9a-f]{8}\.tmp$/, ".tmp");
}

function note(call: string): void {
  calls.push(call);
  const error = faults.fail?.(call);
  if (error !== undefined) throw error;
}

const noted = ["write", "sync", "truncate", "chmod", "close"] as const;

function recordedHandle(handle: FileHandle, name: string): FileHandle {
  return new Proxy(handle, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      const call = member.bind(target) as (...args: unknown[]) => unknown;
      if (!noted.some((each) => each === key)) return call;
      return async (...args: unknown[]): Promise<unknown> => {
        note(`${String(key)} ${name}`);
        const { maxBytesPerWrite } = faults;
        if (key !== "write" || maxBytesPerWrite === undefined) return await call(...args);
        const [bytes, offset, length, ...rest] = args as [Uint8Array, number, number, ...unknown[]];
        return await call(bytes, offset, Math.min(length, maxBytesPerWrite), ...rest);
      };
    },
  });
}

/** The functions of `node:fs/promises`, those that change or open something recorded. */
export function recorded(real: Files): Files {
  const one =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      note(`${name} ${nameOf(args[0])}`);
      return call(...args);
    };
  const two =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      note(`${name} ${nameOf(args[0])} → ${nameOf(args[1])}`);
      return call(...args);
    };
  return {
    ...real,
    open: async (path, flags, mode) => {
      const name = nameOf(path);
      note(`open ${name}${typeof flags === "string" && flags !== "r" ? ` ${flags}` : ""}`);
      return recordedHandle(await real.open(path, flags, mode), name);
    },
    rename: two("rename", real.rename),
    symlink: two("symlink", real.symlink),
    copyFile: two("copy", real.copyFile),
    rm: one("rm", real.rm),
    mkdir: one("mkdir", real.mkdir as (...args: unknown[]) => Promise<unknown>) as Files["mkdir"],
    statfs: (async (path: string) => {
      note(`statfs ${nameOf(path)}`);
      return Object.assign(await real.statfs(path), faults.room);
    }) as Files["statfs"],
  };
}
