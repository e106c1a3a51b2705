/** Reads the tables that the command line prints. */
import { expect } from "vitest";

/** Words with single spaces between them. */
const cell = /\S+(?: \S+)*/g;

/**
 * The cells of a table, line by line, the titles first; no cell may be empty. Each column must begin under its title, or
 * end under it.
 */
export function tableCells(table: string, columns: readonly ("left" | "right")[]): string[][] {
  const lines = table.split("\n").map((line) => [...line.matchAll(cell)]);
  const edges = lines.map((line) =>
    line.map(({ index, 0: text }, i) => (columns[i] === "left" ? index : index + text.length)),
  );
  for (const edge of edges) expect(edge).toEqual(edges[0]);
  expect(lines[0]).toHaveLength(columns.length);
  return lines.map((line) => line.map(([text]) => text));
}
