/** How most views' programs begin: a model, a picture, its posterior. */

/** @param names what else the program takes from vaekit. */
export function opening(...names: readonly string[]): string {
  const imports = ["AutoencoderKL", "readImage", ...names].sort((a, b) => a.localeCompare(b)).join(", ");
  return `import { ${imports} } from "vaekit";

const vae = await AutoencoderKL.fromPretrained("./models/my-vae");
const picture = await readImage(file);
const { latentDist } = await vae.encode(vae.preprocess(picture));
`;
}
