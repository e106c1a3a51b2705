/** The one place where a recipe's snake_case keys become TypeScript's camelCase and back; values stay as they are. */

/** `learning_rate` → `learningRate`, as a type. */
type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** T with every key, at every depth, in camelCase. */
export type CamelKeys<T> = T extends readonly unknown[]
  ? { readonly [I in keyof T]: CamelKeys<T[I]> }
  : T extends object
    ? { readonly [K in keyof T as CamelCase<K & string>]: CamelKeys<T[K]> }
    : T;

export const camelCase = (key: string): string =>
  key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const snakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A copy with every key, at every depth, passed through `rename`. */
export function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [rename(key), renameKeys(each, rename)]),
  );
}

/** Whether `value` is what YAML calls a mapping. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
