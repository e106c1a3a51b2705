/** Source files as the rules of the architecture see them: what they import, and which globals they name. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

export interface SourceFile {
  /** Inside src. */
  readonly path: string;
  readonly text: string;
  /** Files of src, by path. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  /** Names that the file uses and does not declare: globals, and whatever the checks of types let through. */
  readonly globals: ReadonlySet<string>;
  /** Its texts: strings, and the parts of templates. */
  readonly strings: readonly string[];
}

/** Every source file below a folder, without tests. */
export function readSources(root: string): SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|js)$/.test(path) && !path.endsWith(".test.ts"))
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

/** A source file from its text. */
export function parseSource(path: string, text: string): SourceFile {
  const specifiers: string[] = [];
  const strings: string[] = [];
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) specifiers.push(specifier);
    if (ts.isIdentifier(node))
      (isDeclaration(node) ? declared : isUse(node) ? used : new Set()).add(node.text);
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      strings.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  const ours = specifiers.filter((specifier) => specifier.startsWith("."));
  return {
    path,
    text,
    imports: ours.map((specifier) => join(dirname(path), specifier)),
    packages: specifiers.filter((specifier) => !specifier.startsWith(".")),
    globals: new Set([...used].filter((name) => !declared.has(name))),
    strings,
  };
}

/** What `import … from`, `export … from`, `import(…)` and the type `import(…)` name. */
function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  const isImport = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isImport ? textOf(node.arguments[0]) : undefined;
}

const textOf = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;

function isDeclaration(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent)) return true;
  if (ts.isBindingElement(parent)) return parent.name === name;
  const binds =
    ts.isVariableDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isFunctionExpression(parent) ||
    ts.isClassLike(parent) ||
    ts.isInterfaceDeclaration(parent) ||
    ts.isTypeAliasDeclaration(parent) ||
    ts.isTypeParameterDeclaration(parent);
  return binds && parent.name === name;
}

/** Whether a name stands for a value or a type itself, and not for a property of something. */
function isUse(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === name;
  if (ts.isQualifiedName(parent)) return parent.left === name;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === name;
  if (ts.isBindingElement(parent)) return parent.propertyName !== name;
  const isMember =
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isAccessor(parent);
  return !isMember || parent.name !== name;
}
