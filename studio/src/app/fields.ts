/** How the parts of a view's state are written in an address, and read from one that anybody may have typed. */

/** One part of a state. `read` gives undefined for what it cannot be. */
export interface Field<T> {
  readonly default: T;
  write(value: T): string;
  read(text: string): T | undefined;
}

/** The fields of a state, by the names that they have in the address. */
export type Fields<State> = { readonly [K in keyof State]: Field<State[K]> };

export function number(given: {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Digits after the point that the address keeps. */
  readonly digits: number;
}): Field<number> {
  const { min, max, digits } = given;
  return {
    default: given.default,
    write: (value) => String(Number(value.toFixed(digits))),
    read: (text) => {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) return undefined;
      return Number(Math.min(Math.max(value, min), max).toFixed(digits));
    },
  };
}

export function choice<const T extends string>(options: readonly T[], first: NoInfer<T>): Field<T> {
  return { default: first, write: (value) => value, read: (text) => options.find((each) => each === text) };
}

export function flag(first: boolean): Field<boolean> {
  return {
    default: first,
    write: (value) => (value ? "1" : "0"),
    read: (text) => (text === "1" ? true : text === "0" ? false : undefined),
  };
}

export function text(given: { readonly default: string; readonly pattern: RegExp }): Field<string> {
  return {
    default: given.default,
    write: (value) => value,
    read: (value) => (given.pattern.test(value) ? value : undefined),
  };
}

export function defaults<State extends object>(fields: Fields<State>): State {
  const entries = Object.entries<Field<unknown>>(fields).map(([name, field]) => [name, field.default]);
  return Object.fromEntries(entries) as State;
}

/** What differs from the defaults. */
export function writeState<State extends object>(fields: Fields<State>, state: State): [string, string][] {
  return (Object.entries(fields) as [keyof State & string, Field<State[keyof State]>][])
    .filter(([name, field]) => field.write(state[name]) !== field.write(field.default))
    .map(([name, field]) => [name, field.write(state[name])]);
}

export function readState<State extends object>(fields: Fields<State>, from: URLSearchParams): State {
  const entries = Object.entries<Field<unknown>>(fields).map(([name, field]) => {
    const given = from.get(name);
    return [name, (given === null ? undefined : field.read(given)) ?? field.default];
  });
  return Object.fromEntries(entries) as State;
}
