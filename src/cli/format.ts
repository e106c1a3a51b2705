/** How results look on the terminal: aligned tables, numbers with units, and JSON for programs. */

import { oneLine } from "../node/report/index.ts";
import { writeOut } from "./terminal.ts";

/** Writes lines to stdout. */
export function print(text: string): void {
  writeOut(`${text}\n`);
}

/** Writes a value as indented JSON; numbers that JSON does not have become null. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** @defaultValue "right" */
  readonly align?: "left" | "right";
}

/** Rows under titles, in aligned columns two spaces apart. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => oneLine(cell(row)))),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => widthOf(line[i]!))));
  return cells
    .map((line) =>
      line
        .map((cell, i) => {
          const padding = " ".repeat(widths[i]! - widthOf(cell));
          return columns[i]!.align === "left" ? cell + padding : padding + cell;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const wideCharacters =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/gu;

/** Terminal cells: East Asian characters take two. */
function widthOf(text: string): number {
  return Array.from(text).length + (text.match(wideCharacters)?.length ?? 0);
}

/** `12.3` with the digits asked for; `inf` and `n/a` where there is no number to show. */
export function formatFixed(value: number | null, digits: number): string {
  if (value === null || Number.isNaN(value)) return "n/a";
  return Number.isFinite(value) ? value.toFixed(digits) : value > 0 ? "inf" : "-inf";
}

/** `335.3 MB`; decimal units, as disks and downloads count. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]!}`;
}

/** `83,819,683`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `[1, 4, 64, 64]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** `740 ms`, `12.4 s`. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 100_000 ? 2 : 0)} s`;
}

/** The arithmetic mean; null where there is nothing to average. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
