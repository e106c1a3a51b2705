/** A page of letters, each line smaller than the one before: the first thing that a small model gets wrong. */
import type { Raster } from "vaekit";
import { paintByFormula, type Colour } from "./paint-by-formula.ts";

const paper: Colour = [0.97, 0.96, 0.93];
const ink: Colour = [0.1, 0.11, 0.14];
const accent: Colour = [0.8, 0.26, 0.12];

/** Five columns and seven rows of a letter; bits from the left. */
const glyphs: Readonly<Record<string, readonly number[]>> = {
  A: [14, 17, 17, 31, 17, 17, 17],
  C: [14, 17, 16, 16, 16, 17, 14],
  D: [30, 17, 17, 17, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31],
  I: [14, 4, 4, 4, 4, 4, 14],
  L: [16, 16, 16, 16, 16, 16, 31],
  N: [17, 25, 21, 21, 19, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  V: [17, 17, 17, 17, 17, 10, 4],
};

/** Letters of each line, the height of a dot of theirs and their top, in parts of the page. */
const lines = [
  { letters: "LATENT", dot: 0.0245, top: 0.07, colour: ink },
  { letters: "SCALES AND", dot: 0.0145, top: 0.3, colour: accent },
  { letters: "ENCODED VOICES", dot: 0.0103, top: 0.455, colour: ink },
  { letters: "TO DECIDE IN DETAIL", dot: 0.0077, top: 0.575, colour: ink },
  { letters: "A CAT SAT ON A LOCAL STONE", dot: 0.0056, top: 0.67, colour: ink },
  { letters: "NINE OLD SAILS LEAN INTO A COLD SEA", dot: 0.0042, top: 0.75, colour: accent },
  { letters: "IDEAS ALSO STAND STILL IN A LIST OF LINES", dot: 0.0035, top: 0.815, colour: ink },
  { letters: "TONES AND TOTALS INTO SEVEN CELLS SET IN A LATTICE", dot: 0.0029, top: 0.87, colour: ink },
];

const left = 0.06;
const advance = 6;

export function letters(): Raster {
  return paintByFormula((x, y) => {
    const line = lines.find(({ top, dot }) => y >= top && y < top + 7 * dot);
    if (line === undefined || x < left) return paper;
    const column = Math.floor((x - left) / line.dot);
    const glyph = glyphs[line.letters[Math.floor(column / advance)] ?? " "];
    const row = glyph?.[Math.floor((y - line.top) / line.dot)] ?? 0;
    const bit = 4 - (column % advance);
    return bit >= 0 && ((row >> bit) & 1) === 1 ? line.colour : paper;
  });
}
