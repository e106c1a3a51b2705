/** Makes pictures by formulas, which takes long, beside the page. */
import { formulas, type FormulaId } from "./formulas.ts";

self.onmessage = ({ data: id }: MessageEvent<FormulaId>) => {
  self.postMessage(formulas[id]());
};
