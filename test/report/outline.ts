/** Charts and pages as lines of text that a test can hold still: every place, size, class and text, the style left out. */

/** One line for each element: its name, its attributes and its text. What repeats itself is one line for all: {@link withTicks}. */
export function outline(markup: string): string {
  const facts = /^div\ndt : (.*)\ndd : (.*)$/gm;
  return withTicks(linesOf(markup)).join("\n").replace(facts, "div dt : $1, dd : $2");
}

/** The numbers at a chart's axes: those below with the anchor "middle", those to the left with "end". */
export function axisNumbers(markup: string, anchor: "middle" | "end"): string[] {
  return linesOf(markup)
    .filter((line) => line.includes(`text-anchor=${anchor}`))
    .map((line) => line.split(": ")[1]!);
}

function linesOf(markup: string): string[] {
  const drawn = markup
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/ xmlns="[^"]*"/g, "")
    .replace(/base64,[^"]*/g, "base64,…");
  const tags = [...drawn.matchAll(/<(\/?[a-z][\w]*)((?: [\w-]+="[^"]*")*)>([^<]*)/g)];
  // An element's end is no line of its own, unless a text follows that belongs to no element.
  const shown = tags.filter(([, name, , text]) => !name!.startsWith("/") || text!.trim() !== "");
  return shown.map(([, name, attributes, text]) => {
    const written = [...attributes!.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(
      ([, key, value]) => `${key!}=${shortened(value!)}`,
    );
    return [name, ...written, text!.trim() === "" ? "" : `: ${text!.trim()}`].join(" ").trimEnd();
  });
}

/** Of long curves the first, the middle and the last point. */
function shortened(value: string): string {
  const points = value.split(" ");
  if (points.length < 20 || !value.includes(",")) return value;
  return `${points[0]!} … ${points[Math.floor(points.length / 2)]!} … ${points.at(-1)!} (${points.length})`;
}

/** What all ticks of an axis have in common, and what one has alone: its place and its number. */
interface Tick {
  readonly axis: string;
  readonly own: string;
}

/** The ticks of an axis, each a line and a text, as one line; a tick that differs from its neighbour begins another one. */
function withTicks(lines: readonly string[]): string[] {
  const found: string[] = [];
  let axis = "";
  for (let i = 0; i < lines.length; i++) {
    const tick = tickOf(`${lines[i]!}\n${lines[i + 1] ?? ""}`);
    if (tick === undefined) found.push(lines[i]!);
    else if (tick.axis === axis) found.push(`${found.pop()!}, ${tick.own}`);
    else found.push(`${tick.axis}: ${tick.own}`);
    axis = tick?.axis ?? "";
    if (tick !== undefined) i++;
  }
  return found;
}

const tickBelow = /^line x1=(\S+) y1=(\S+) x2=\1 y2=(\S+)\ntext x=\1 y=(\S+) text-anchor=middle : (.*)$/;
const tickLeft = /^line x1=(\S+) y1=(\S+) x2=(\S+) y2=\2\ntext x=(\S+) y=(\S+) text-anchor=end : (.*)$/;

function tickOf(lineAndText: string): Tick | undefined {
  const below = tickBelow.exec(lineAndText);
  if (below !== null) {
    const [, x, begin, end, text, number] = below;
    return { axis: `ticks at y=${begin!}…${end!}, numbers at y=${text!}`, own: `x=${x!} ${number!}` };
  }
  const left = tickLeft.exec(lineAndText);
  if (left === null) return undefined;
  const [, begin, y, end, text, baseline, number] = left;
  const lower = (Number(baseline) - Number(y)).toFixed(2);
  return {
    axis: `ticks at x=${begin!}…${end!}, numbers at x=${text!} and y + ${lower}`,
    own: `y=${y!} ${number!}`,
  };
}
