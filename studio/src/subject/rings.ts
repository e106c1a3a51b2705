/** Rings that grow finer towards the corner, in three colours: where they become finer than a latent cell, the model gives up. */
import type { Raster } from "vaekit";
import { mix, paintByFormula, type Colour } from "./paint-by-formula.ts";

const paper: Colour = [0.96, 0.95, 0.92];
const ink: Colour = [0.09, 0.13, 0.22];
const warm: Colour = [0.86, 0.36, 0.16];

export function rings(): Raster {
  return paintByFormula((x, y) => {
    const distance = Math.hypot(x, y);
    const wave = 0.5 + 0.5 * Math.cos(150 * distance ** 2.4);
    const turn = Math.atan2(y, x) / (Math.PI / 2);
    return mix(mix(ink, warm, turn), paper, wave);
  });
}
