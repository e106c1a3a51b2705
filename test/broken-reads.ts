/** Files that break off while they are read, as on a failing disk or a share that goes away. Opening them still works. */
import fs from "node:fs/promises";
import sync from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** What comes after the first bytes: the system's error, or the end. */
type Break = "EIO" | "end";

type Opened = (error: Error | null, fd: number) => void;
type Done = (error: Error | null, bytesRead: number) => void;

const systemError = (): Error => Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });

/** Until it is disposed, a file's first read gives some bytes, and the next one breaks off. One at a time. */
export class BrokenReads implements Disposable {
  /** How many reads broke off. */
  count = 0;
  readonly #by: Break;
  readonly #nameEnd: string;
  readonly #restore: () => void;

  /** @param nameEnd with which the names of the files end that break. */
  constructor(by: Break, nameEnd: string) {
    this.#by = by;
    this.#nameEnd = nameEnd;
    const { open: openHandle } = fs;
    const { open, read } = sync;
    fs.open = async (path, ...rest) => {
      const file = await openHandle(path, ...rest);
      if (String(path).endsWith(this.#nameEnd)) this.#breakHandle(file);
      return file;
    };
    this.#breakStreams(open, read);
    syncBuiltinESMExports();
    this.#restore = () => {
      Object.assign(fs, { open: openHandle });
      Object.assign(sync, { open, read });
      syncBuiltinESMExports();
    };
  }

  #breakHandle(file: fs.FileHandle): void {
    const read = file.read.bind(file) as (...args: unknown[]) => Promise<{ bytesRead: number }>;
    let isBegun = false;
    const readHalf = (buffer: Uint8Array, offset: number, length: number, position: number) => {
      if (!isBegun) {
        isBegun = true;
        return read(buffer, offset, Math.ceil(length / 2), position);
      }
      this.count++;
      return this.#by === "EIO" ? Promise.reject(systemError()) : Promise.resolve({ bytesRead: 0, buffer });
    };
    Object.assign(file, { read: readHalf });
  }

  /** Streams open and read with callbacks, and know their files by number. */
  #breakStreams(open: typeof sync.open, read: typeof sync.read): void {
    const fresh = new Set<number>();
    const begun = new Set<number>();
    const openNoted = (path: unknown, ...rest: unknown[]): void => {
      const opened = rest.pop() as Opened;
      const note: Opened = (error, fd) => {
        begun.delete(fd);
        if (error === null && String(path).endsWith(this.#nameEnd)) fresh.add(fd);
        opened(error, fd);
      };
      Reflect.apply(open, sync, [path, ...rest, note]);
    };
    const readOnce = (fd: number, ...rest: unknown[]): void => {
      if (!begun.has(fd)) {
        if (fresh.delete(fd)) begun.add(fd);
        Reflect.apply(read, sync, [fd, ...rest]);
        return;
      }
      this.count++;
      const done = rest.at(-1) as Done;
      done(this.#by === "EIO" ? systemError() : null, 0);
    };
    Object.assign(sync, { open: openNoted, read: readOnce });
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}
