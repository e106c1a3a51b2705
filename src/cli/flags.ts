/** The library's options under their names on the command line, for what the library says to people. */

/** Flags by the options of the library that they set. */
const flags: Readonly<Record<string, string>> = {
  allowChangedData: "--allow-changed-data",
  as: "--as",
  cacheDir: "--cache-dir",
  config: "--config",
  device: "--device",
  localFilesOnly: "--offline",
  maxMemoryBytes: "--memory",
  maxPixels: "--max-pixels",
  model: "--model",
  overrides: "--set",
  packed: "--packed",
  port: "--port",
  preview: "--preview",
  raw: "--raw",
  resume: "--resume",
  revision: "--revision",
  size: "--size",
  strict: "--strict",
  subfolder: "--subfolder",
  temporaryFolder: "--temp-dir",
  threadCount: "--threads",
  tensor: "--tensor",
  tiling: "--tiling",
  variant: "--variant",
};

/** What a program can do and the command line cannot, and what it can instead. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/Open both halves: openVae\([^)]*\)\./, "Name a model with both halves: --model."],
  [/Open it together with the \w+ that has them: openVae\([^)]*\)\./, "Name the whole model: --model."],
];

/**
 * A message of the library with flags in the place of its options: of `as`, of `as: "sdxl"`, and of an option that the
 * message begins with, as `maxMemoryBytes: expected …`. What is no flag stays as it is.
 */
export function withFlags(message: string): string {
  return advice
    .reduce((text, [ofLibrary, ofCommands]) => text.replace(ofLibrary, ofCommands), message)
    .replace(/^(\w+)(?=: )/, (name) => flagOf(name) ?? name)
    .replace(/`(\w+)(?:: ([^`]*))?`/g, (whole, name: string, value?: string) => {
      const flag = flagOf(name);
      return flag === undefined ? whole : [flag, ...valueOf(value)].join(" ");
    });
}

const flagOf = (name: string): string | undefined => (Object.hasOwn(flags, name) ? flags[name] : undefined);

/** A text without its quotes; a flag that is given is true. */
function valueOf(value: string | undefined): string[] {
  return value === undefined || value === "true" ? [] : [value.replace(/^"(.*)"$/, "$1")];
}
