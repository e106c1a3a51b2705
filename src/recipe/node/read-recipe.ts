/** Recipe files: YAML, or JSON, which is YAML as well. */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { isNode, LineCounter, parseDocument, type Document } from "yaml";
import { VaekitError, messageOf } from "../../errors.ts";
import { applyOverrides } from "../overrides.ts";
import { parseRecipe, type Recipe } from "../recipe.ts";

const extensions = [".yaml", ".yml", ".json"];

/**
 * Reads a recipe file and checks it.
 *
 * @param path a .yaml, .yml or .json file.
 * @param overrides `key.key=value` each, which replace values of the file.
 * @throws NOT_FOUND, INVALID_FILE on broken syntax (with line and column), INVALID_CONFIG on what the schema refuses.
 */
export async function readRecipe(path: string, overrides: readonly string[] = []): Promise<Recipe> {
  const { document, lines } = await readDocument(path);
  const value = applyOverrides(document.toJS() as unknown, overrides);
  const overridden = overrides.map((each) => each.split("=")[0]!);
  return parseRecipe(value, path, (place) => {
    const name = place.map(String).join(".");
    if (overridden.some((each) => name === each || name.startsWith(`${each}.`))) return "set by --set";
    const offset = offsetOf(document, place);
    return offset === undefined ? undefined : `line ${lines.linePos(offset).line}`;
  });
}

/** The content of a recipe file as a plain object, unchecked. Throws as {@link readRecipe} does, but for INVALID_CONFIG. */
export async function readRecipeObject(path: string): Promise<unknown> {
  return (await readDocument(path)).document.toJS() as unknown;
}

async function readDocument(path: string): Promise<{ document: Document; lines: LineCounter }> {
  if (!extensions.includes(extname(path).toLowerCase())) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${path}: expected a recipe, a file ending in ${extensions.join(", ")}.`,
    );
  }
  const text = await readText(path);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new VaekitError("INVALID_FILE", `${path}: line ${line}, column ${col}: ${error.message}`, {
      cause: error,
    });
  }
  return { document, lines };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (missing) throw new VaekitError("NOT_FOUND", `${path}: no such recipe file.`, { cause: error });
    throw new VaekitError("IO", `${path}: cannot read the recipe: ${messageOf(error)}`, { cause: error });
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
