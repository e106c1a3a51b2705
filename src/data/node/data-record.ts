/** Which pictures a run was started with, as its folder keeps them, and what has changed since. */
import { stat } from "node:fs/promises";
import { relative, sep } from "node:path";

/** Path below the data's root, with slashes → size in bytes; null where there was no file. */
export type DataRecord = Readonly<Record<string, number | null>>;

/** Pictures looked up at once. */
const lookedUpAtOnce = 64;

/** Names and sizes, not times: a copy of the data is the same data. */
export async function recordPictures(root: string, files: readonly string[]): Promise<DataRecord> {
  const sizes: (readonly [string, number | null])[] = [];
  for (let start = 0; start < files.length; start += lookedUpAtOnce) {
    const part = files.slice(start, start + lookedUpAtOnce).map(async (file) => {
      const size = await stat(file).then(
        (status) => status.size,
        () => null,
      );
      return [relative(root, file).split(sep).join("/"), size] as const;
    });
    sizes.push(...(await Promise.all(part)));
  }
  return Object.fromEntries(sizes);
}

/** `2 added (a.png, b.png), 1 removed (c.png)`; undefined when nothing has changed. */
export function describeDataChanges(before: DataRecord, now: DataRecord): string | undefined {
  const has = (record: DataRecord, name: string): boolean => Object.hasOwn(record, name);
  const kinds = {
    added: Object.keys(now).filter((name) => !has(before, name)),
    removed: Object.keys(before).filter((name) => !has(now, name)),
    "of another size": Object.keys(now).filter((name) => has(before, name) && before[name] !== now[name]),
  };
  const texts = Object.entries(kinds)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => {
      const more = names.length > 3 ? `, and ${names.length - 3} more` : "";
      return `${names.length} ${kind} (${names.slice(0, 3).join(", ")}${more})`;
    });
  return texts.length === 0 ? undefined : texts.join(", ");
}
