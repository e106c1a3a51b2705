/** YAML from strangers: bounded before it is parsed, so that no text can exhaust the stack, the memory or the time. */
import { LineCounter, Parser, parseDocument, type CST, type Document } from "yaml";
import { maxDepth, maxValues } from "./bounds.ts";

/** YAML that is broken, or larger than a recipe can be. */
export class YamlError extends Error {
  override readonly name = "YamlError";
  /** Where in the text, if at one place. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number, options?: { cause?: unknown }) {
    super(message, options);
    this.offset = offset;
  }
}

export interface ParsedYaml {
  readonly value: unknown;
  readonly document: Document;
}

/**
 * Parses one YAML document.
 *
 * @throws YamlError on broken syntax, on several documents, on nesting deeper than {@link maxDepth} levels or more than
 *   {@link maxValues} values, and on aliases that lead nowhere or multiply.
 */
export function parseYaml(text: string, lineCounter = new LineCounter()): ParsedYaml {
  checkSyntaxTree(text);
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const error = document.errors[0];
  if (error !== undefined) throw new YamlError(error.message, error.pos[0], { cause: error });
  try {
    return { value: document.toJS() as unknown, document };
  } catch (error) {
    // yaml refuses unknown aliases and those that multiply with a ReferenceError.
    if (error instanceof ReferenceError) throw new YamlError(error.message, undefined, { cause: error });
    throw error;
  }
}

/** The syntax tree is made without recursion; composing values from it is not. */
function checkSyntaxTree(text: string): void {
  let values = 0;
  const open = [...new Parser().parse(text)].map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    values += 1;
    if (depth > maxDepth) {
      throw new YamlError(`expected at most ${maxDepth} levels of nesting, found more.`, token.offset);
    }
    if (values > maxValues) {
      throw new YamlError(`expected at most ${maxValues} values, found more.`, token.offset);
    }
    open.push(...childrenOf(token).map((child) => ({ token: child, depth: depth + 1 })));
  }
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === "document") return token.value === undefined ? [] : [token.value];
  if (!("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((each) => each != null));
}
