/** Catalogues of texts in every language, with the same keys and the same {placeholders}: TypeScript refuses others. */

export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];

export type Messages = Readonly<Record<string, string>>;

/** The names between braces in a text. */
type Placeholders<S extends string> = S extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** `Z` where it says what `E` says with the same placeholders, and a type that nothing fits where it does not. */
type Translated<E extends Messages, Z extends Messages> = {
  readonly [K in keyof E | keyof Z]: K extends keyof E & keyof Z
    ? Equal<Placeholders<E[K]>, Placeholders<Z[K]>> extends true
      ? Z[K]
      : ["placeholders differ", E[K]]
    : ["only one language has", K];
};

/** One text in every language. */
export interface Catalogue<E extends Messages = Messages> {
  readonly en: E;
  readonly zh: Readonly<Record<keyof E, string>>;
}

export function catalogue<const E extends Messages, const Z extends Messages>(
  en: E,
  zh: Z & Translated<E, Z>,
): Catalogue<E> {
  return { en, zh };
}

/** What a text's placeholders stand for; nothing where it has none. */
type Values<S extends string> = [Placeholders<S>] extends [never]
  ? []
  : [values: Readonly<Record<Placeholders<S>, string | number>>];

export type Translate<E extends Messages> = <K extends keyof E>(key: K, ...values: Values<E[K]>) => string;

/** The texts of a catalogue in the language that `language` gives when they are asked for. */
export function translator<E extends Messages>(texts: Catalogue<E>, language: () => Language): Translate<E> {
  return (key, ...[values]) => {
    const text = unbroken(texts[language()][key]);
    if (values === undefined) return text;
    const named: Readonly<Record<string, string | number>> = values;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(named[name] ?? whole));
  };
}

/** Sizes such as 8 × 8 stay on one line. */
const unbroken = (text: string): string => text.replaceAll(" × ", "\u00a0×\u00a0");
