/** The visitor's language and colours, remembered in this browser. */
import { languages, type Language } from "../text/catalogue.ts";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

export class Preferences {
  #language = $state<Language>(remembered("language", languages) ?? preferredLanguage());
  #theme = $state<Theme>(remembered("theme", themes) ?? "auto");
  #systemIsDark = $state(darkScheme.matches);

  constructor() {
    darkScheme.addEventListener("change", ({ matches }) => (this.#systemIsDark = matches));
  }

  get language(): Language {
    return this.#language;
  }

  set language(language: Language) {
    this.#language = language;
    remember("language", language);
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    remember("theme", theme);
  }

  get dark(): boolean {
    return this.#theme === "dark" || (this.#theme === "auto" && this.#systemIsDark);
  }
}

const darkScheme = matchMedia("(prefers-color-scheme: dark)");

const preferredLanguage = (): Language => (navigator.language.startsWith("zh") ? "zh" : "en");

/** Browsers that keep nothing for a page throw here. */
function remembered<T extends string>(key: string, options: readonly T[]): T | undefined {
  try {
    const value = localStorage.getItem(`vaekit-studio-${key}`);
    return options.find((each) => each === value);
  } catch {
    return undefined;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`vaekit-studio-${key}`, value);
  } catch {
    // Then the next visit begins with the defaults.
  }
}
