/** Where a model is, and which options of opening mean something for which place. */
import { VaekitError } from "../errors.ts";

/** Where a model is: a folder, a single file, or the hub. */
export type ModelPlace = "folder" | "file" | "hub";

/**
 * @param placesOf the places for which each option means something; all others are for every place.
 * @throws INVALID_ARGUMENT for an option that means nothing for any of the places that were found.
 */
export function checkOptionsForPlaces<Options extends object>(
  subject: string,
  options: Options,
  placesOf: { readonly [K in keyof Options]?: readonly ModelPlace[] },
  found: readonly ModelPlace[],
): void {
  for (const [name, places] of Object.entries<readonly ModelPlace[] | undefined>(placesOf)) {
    const isGiven = options[name as keyof Options] !== undefined;
    if (places === undefined || !isGiven || places.some((place) => found.includes(place))) continue;
    const message = `${subject}: ${name}: it is for ${namesOf(places)}, found ${namesOf(found)}. Leave it out.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
}

const namesOf = (places: readonly ModelPlace[]): string =>
  places.map((place) => placeNames[place]).join(" and ");

const placeNames: { readonly [P in ModelPlace]: string } = {
  folder: "folders",
  file: "single files",
  hub: "models of the hub",
};
