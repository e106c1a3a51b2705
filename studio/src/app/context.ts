/** The studio and its texts, for components. */
import { createContext } from "svelte";
import { translator, type Catalogue, type Messages, type Translate } from "../text/catalogue.ts";
import type { Studio } from "./studio.svelte.ts";

export const [useStudio, provideStudio] = createContext<Studio>();

/** A catalogue in the visitor's language. */
export function useText<E extends Messages>(texts: Catalogue<E>): Translate<E> {
  const studio = useStudio();
  return translator(texts, () => studio.language);
}
