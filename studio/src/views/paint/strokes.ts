/**
 * Strokes on latents. In the address each is its tool, its channel, its radius and its strength, a colon, and its way: two letters of
 * 64 for each point, in 64ths of the picture. So the same strokes are at the same place at every size.
 */

export const tools = ["add", "take", "noise", "erase", "copy"] as const;
export type Tool = (typeof tools)[number];

export interface Point {
  /** 0 to 63, from the left. */
  readonly x: number;
  /** 0 to 63, from the top. */
  readonly y: number;
}

export interface Stroke {
  readonly tool: Tool;
  /** undefined: all of them. */
  readonly channel: number | undefined;
  /** Of the brush, in 64ths of the picture. */
  readonly radius: number;
  /** In standard deviations of the latents; of no meaning for `erase` and `copy`. */
  readonly strength: number;
  readonly points: readonly Point[];
}

/** How many parts a picture's sides have for strokes. */
export const parts = 64;

const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
const letters: Readonly<Record<Tool, string>> = { add: "a", take: "t", noise: "n", erase: "e", copy: "c" };

const strokePattern = /^([atnec])([0-9]{1,2}|x)r([0-9]{1,2})s([0-9]{1,2}):((?:[0-9a-zA-Z_-]{2})+)$/;
export const strokesPattern =
  /^$|^([atnec]([0-9]{1,2}|x)r[0-9]{1,2}s[0-9]{1,2}:([0-9a-zA-Z_-]{2})+)(\.[atnec]([0-9]{1,2}|x)r[0-9]{1,2}s[0-9]{1,2}:([0-9a-zA-Z_-]{2})+)*$/;

export function writeStroke({ tool, channel, radius, strength, points }: Stroke): string {
  const way = points.map(({ x, y }) => `${digits[x]}${digits[y]}`).join("");
  return `${letters[tool]}${channel ?? "x"}r${Math.round(radius)}s${Math.round(10 * strength)}:${way}`;
}

/** Strokes joined by full stops; those that cannot be read are left out. */
export function readStrokes(text: string): Stroke[] {
  return text.split(".").flatMap((each) => {
    const found = strokePattern.exec(each);
    if (found === null) return [];
    const [, letter = "", channel = "", radius, strength, way = ""] = found;
    const points = (way.match(/../g) ?? []).map(([x = "", y = ""]) => ({
      x: digits.indexOf(x),
      y: digits.indexOf(y),
    }));
    return {
      tool: tools.find((tool) => letters[tool] === letter)!,
      channel: channel === "x" ? undefined : Number(channel),
      radius: Number(radius),
      strength: Number(strength) / 10,
      points,
    };
  });
}

export function withStroke(text: string, stroke: Stroke): string {
  return [...(text === "" ? [] : [text]), writeStroke(stroke)].join(".");
}
