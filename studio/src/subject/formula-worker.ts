/** Makes pictures by formulas, which takes long, beside the page. */
import { landscape } from "./landscape.ts";
import { letters } from "./letters.ts";
import { rings } from "./rings.ts";

const formulas = { landscape, letters, rings } as const;
export type FormulaId = keyof typeof formulas;

self.onmessage = ({ data: id }: MessageEvent<FormulaId>) => {
  self.postMessage(formulas[id]());
};
