/** Markup as text, the same for HTML and SVG: elements whose attributes and text are always escaped. */

import { printable } from "../util/printable.ts";

/** Markup that is already escaped. Only this folder's functions make it, so no raw text slips in. */
export interface Markup {
  readonly markup: string;
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** What stands inside an element: text to escape, or markup. */
export type Content = string | Markup | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text that is safe inside an element or a quoted attribute. What would turn the text around is spelled out, as are
 * control characters, for most of which XML has no place.
 */
export function escapeText(text: string): string {
  return printable(text)
    .replace(/[&<>"']/g, (character) => entities[character]!)
    .replace(/[\ufffe\uffff]/g, "\ufffd");
}

/** Markup that needs no escaping because it is ours: a style sheet, a doctype. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** `<name attributes>content</name>`; undefined attributes are left out. */
export function element(name: string, attributes: Attributes, ...content: Content[]): Markup {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeText(formatAttribute(value))}"`],
  );
  return { markup: `<${name}${written.join("")}>${write(content)}</${name}>` };
}

/** An HTML element that has no end tag. */
export function voidElement(name: string, attributes: Attributes): Markup {
  const { markup } = element(name, attributes);
  return { markup: markup.slice(0, -`</${name}>`.length) };
}

function write(content: Content): string {
  if (typeof content === "string") return escapeText(content);
  if ("markup" in content) return content.markup;
  return content.map(write).join("");
}

/** Coordinates need no more than hundredths of a pixel. */
function formatAttribute(value: string | number): string {
  return typeof value === "string" ? value : String(Number(value.toFixed(2)));
}
