/**
 * What Python does to text from the environment: `os.path.expanduser`, `os.path.expandvars`, `os.path.join`,
 * `str.strip` and `int`, so that both languages read one variable alike.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";

/** Variables by name, such as `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The home folder that `~` stands for. */
export function homeOf(variables: Variables): string {
  const home = process.platform === "win32" ? variables.USERPROFILE : variables.HOME;
  return home ?? homedir();
}

/** `~`, `~name`, `$NAME` and `${NAME}` replaced; what is not known stays as it is. */
export function expandPath(path: string, variables: Variables): string {
  return expandVariables(expandUser(path, variables), variables);
}

function expandUser(path: string, variables: Variables): string {
  const [head = ""] = path.split(process.platform === "win32" ? /[\\/]/ : "/");
  if (!head.startsWith("~")) return path;
  const home = head === "~" ? homeOf(variables) : homeOfUser(head.slice(1));
  if (home === undefined) return path;
  return home.replace(/\/+$/, "") + path.slice(head.length) || "/";
}

function homeOfUser(name: string): string | undefined {
  if (process.platform === "win32") return undefined;
  try {
    const lines = readFileSync("/etc/passwd", "utf8").split("\n");
    return lines.map((line) => line.split(":")).find((fields) => fields[0] === name)?.[5];
  } catch {
    return undefined;
  }
}

function expandVariables(path: string, variables: Variables): string {
  const pattern =
    process.platform === "win32" ? /\$(?:(\w+)|\{([^}]*)\})|%([^%]+)%/g : /\$(?:(\w+)|\{([^}]*)\})/g;
  return path.replace(
    pattern,
    (whole: string, bare?: string, braced?: string, percent?: string) =>
      variables[bare ?? braced ?? percent ?? ""] ?? whole,
  );
}

/** `os.path.join` of a folder and a relative name. */
export function joinPath(folder: string, name: string): string {
  return folder === "" || /[\\/]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

/** What `str.strip` removes. It differs from `trim` in the separators of ASCII and in the byte order mark. */
const blank = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const blanksAround = new RegExp(`^${blank}+|${blank}+$`, "g");

/** `str.strip`. */
export function strip(text: string): string {
  return text.replace(blanksAround, "");
}

/** `int(text)` for decimal digits; undefined where Python would raise. */
export function parseInteger(text: string): number | undefined {
  const digits = strip(text);
  return /^[+-]?\d+(?:_\d+)*$/.test(digits) ? Number(digits.replaceAll("_", "")) : undefined;
}
