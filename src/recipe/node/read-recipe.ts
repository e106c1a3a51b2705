/** Recipe files: YAML, or JSON, which is YAML as well. */
import { extname } from "node:path";
import { isNode, LineCounter, type Document } from "yaml";
import { VaekitError } from "../../errors.ts";
import { readTextFile } from "../../files/node/index.ts";
import { checkPath } from "../../util/check-options.ts";
import { checkOverrideOptions, parseOverridden, type OverrideOptions } from "../overrides.ts";
import type { Recipe } from "../recipe.ts";
import { parseYaml, YamlError, type ParsedYaml } from "../yaml.ts";

const extensions = [".yaml", ".yml", ".json"];

/** A recipe is a page of text. */
const maxRecipeBytes = 2 ** 18;

/**
 * Reads a recipe file and checks it.
 *
 * @param path a .yaml, .yml or .json file.
 * @param options what to change of it.
 * @throws NOT_FOUND, INVALID_FILE on broken syntax (with line and column), INVALID_CONFIG on what the schema refuses.
 */
export async function readRecipe(path: string, options: OverrideOptions = {}): Promise<Recipe> {
  checkPath("readRecipe", path, "the path of a recipe file");
  checkOverrideOptions("readRecipe", options);
  const { value, document, lines } = await readDocument(path);
  return parseOverridden(value, path, options, (place) => {
    const offset = offsetOf(document, place);
    return offset === undefined ? undefined : `line ${lines.linePos(offset).line}`;
  });
}

/** The content of a recipe file as a plain object, unchecked. Throws as {@link readRecipe} does, but for INVALID_CONFIG. */
export async function readRecipeObject(path: string): Promise<unknown> {
  return (await readDocument(path)).value;
}

async function readDocument(path: string): Promise<ParsedYaml & { lines: LineCounter }> {
  if (!extensions.includes(extname(path).toLowerCase())) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${path}: expected a recipe, a file ending in ${extensions.join(", ")}.`,
    );
  }
  const text = await readTextFile(path, { expected: "a recipe", maxBytes: maxRecipeBytes });
  const lines = new LineCounter();
  try {
    return { ...parseYaml(text, lines), lines };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = error.offset === undefined ? undefined : lines.linePos(error.offset);
    const where = place === undefined || place.line === 0 ? "" : ` line ${place.line}, column ${place.col}:`;
    throw new VaekitError("INVALID_FILE", `${path}:${where} ${error.message}`, { cause: error });
  }
}

/** Where the value at `place`, or the innermost section around it, begins in the text. */
function offsetOf(document: Document, place: readonly PropertyKey[]): number | undefined {
  for (let length = place.length; length > 0; length--) {
    const node = document.getIn(place.slice(0, length), true);
    if (isNode(node) && node.range != null) return node.range[0];
  }
  return undefined;
}
