/** Text of strangers that people will read: no character that steers a terminal, and no more of it than fits. */

/** Messages show no more of one name or value. */
const maxQuotedLength = 100;

/** No message of ours is longer by itself; whatever is has quoted a stranger's text. */
const maxMessageLength = 2000;

/**
 * What terminals and browsers obey instead of showing it: control characters but the line feed, marks that turn the
 * direction of text, invisible ones (not the joiners that some scripts need), other ends of lines, half characters.
 */
const steering = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with every such character spelled `\u001b`, as JSON does. Line feeds stay: see {@link oneLine}. */
export function printable(text: string): string {
  return text.replace(steering, spelled);
}

/** The same, with `\n` for line feeds: for text that is no more than a part of a line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n");
}

function spelled(character: string): string {
  // Characters beyond the first 65536 are two units.
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

/** At most `maxLength` characters: the beginning and an ellipsis. */
export function shorten(text: string, maxLength = maxQuotedLength): string {
  if (text.length <= maxLength) return text;
  // Not between the two halves of one character.
  return `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Any value as messages show it: as JSON, on one line, shortened. */
export function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "string" && value.length > maxQuotedLength) return quote(shorten(value));
  return shorten(oneLine(asJson(value)), maxQuotedLength + 20);
}

function asJson(value: unknown): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text ?? typeof value;
  } catch {
    // A circle, or a getter that throws.
    return `a value of type ${typeof value}`;
  }
}

/** A name from a file: as it is where it is plain, else quoted, so that it cannot pass for our own words. */
export function shownName(name: string): string {
  return /^[\w.:/+-]{1,100}$/.test(name) ? name : quote(name);
}

/** A whole message: on one line, and not without its end, which says what to do. Of long words, a part is left. */
export function messageText(text: string): string {
  const line = oneLine(text.length > 1e6 ? `${text.slice(0, 5e5)}${text.slice(-5e5)}` : text);
  if (line.length <= maxMessageLength) return line;
  // A name without end must not take the place of what is said of it.
  const short = line.replace(/\S{301,}/g, (word) => `${shorten(word, 200)}${endOf(word, 100)}`);
  if (short.length <= maxMessageLength) return short;
  return `${shorten(short, maxMessageLength - 601)} ${endOf(short, 600)}`;
}

/** Not from the second half of a character. */
const endOf = (text: string, length: number): string => text.slice(-length).replace(/^[\udc00-\udfff]/, "");
