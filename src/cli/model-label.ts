/** What to call a model. */

const builtIn: Readonly<Record<string, string>> = {
  "default-vae": "built-in model",
  "default-preview": "built-in preview model",
};

/** Built-in ones lie at paths that tell a reader nothing. */
export function modelLabel({ name }: { readonly name: string }): string {
  const folder = /[\\/]assets[\\/]([^\\/]+)$/.exec(name)?.[1];
  return folder === undefined ? name : (builtIn[folder] ?? name);
}
