/**
 * What a piece of code asks of the file system, in order; and a way to hold a call until the test lets it go. The calls
 * are Node's own, which still run: this only looks on.
 */
import fs from "node:fs/promises";
import sync from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** A call: "rename /from /to", "sync /path", "rm /path". */
export type FileCall = string;

type Before = (call: FileCall) => Promise<void> | void;

/** Watches until it is disposed. One at a time. */
export class FileCalls implements Disposable {
  readonly calls: FileCall[] = [];
  readonly #restore: () => void;

  /** @param before awaited before each call. */
  constructor(before: Before = () => undefined) {
    const { rename, rm, open } = fs;
    const { fsyncSync, openSync } = sync;
    const paths = new Map<number, string>();
    const note = async (call: FileCall): Promise<void> => {
      this.calls.push(call);
      await before(call);
    };
    fs.rename = async (from, to) => {
      await note(`rename ${String(from)} ${String(to)}`);
      return rename(from, to);
    };
    fs.rm = async (path, options) => {
      await note(`rm ${String(path)}`);
      return rm(path, options);
    };
    fs.open = async (path, ...rest) => {
      const file = await open(path, ...rest);
      const doSync = file.sync.bind(file);
      file.sync = async () => {
        await note(`sync ${String(path)}`);
        return doSync();
      };
      return file;
    };
    sync.openSync = (path, ...rest) => {
      const file = openSync(path, ...rest);
      paths.set(file, String(path));
      return file;
    };
    sync.fsyncSync = (file) => {
      this.calls.push(`sync ${paths.get(file) ?? file}`);
      fsyncSync(file);
    };
    syncBuiltinESMExports();
    this.#restore = () => {
      Object.assign(fs, { rename, rm, open });
      Object.assign(sync, { fsyncSync, openSync });
      syncBuiltinESMExports();
    };
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}
