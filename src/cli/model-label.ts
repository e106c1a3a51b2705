/** What to call a model. */

/** The built-in one lies at a path that tells a reader nothing. */
export function modelLabel({ name }: { readonly name: string }): string {
  return /[\\/]assets[\\/]default-vae$/.test(name) ? "built-in model" : name;
}
