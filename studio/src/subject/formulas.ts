/** The pictures that are made by formulas. */
import { landscape } from "./landscape.ts";
import { letters } from "./letters.ts";
import { rings } from "./rings.ts";

export const formulas = { landscape, letters, rings } as const;
export type FormulaId = keyof typeof formulas;
