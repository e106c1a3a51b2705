/** The results as text: for a terminal of 110 columns, and for Markdown. */

/** @typedef {import("./statistics.mjs").Case} Case */
/** @typedef {import("./statistics.mjs").Result} Result */
/** @typedef {import("./statistics.mjs").Growth} Growth */
/** @typedef {import("./environment.mjs").Environment} Environment */

const columnCount = 110;
const labelWidth = 32;

/** @type {(value: number | undefined, format: (value: number) => string) => string} */
const shown = (value, format) => (value === undefined || Number.isNaN(value) ? "-" : format(value));

/** @param {number} value */
const ratio = (value) => value.toFixed(2);

/** Three significant digits, whether milliseconds or minutes. @param {number} milliseconds */
const seconds = (milliseconds) => {
  const value = milliseconds / 1000;
  return value.toFixed(value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
};

/** @param {number} bytes */
const gigabytes = (bytes) => (bytes / 1e9).toFixed(2);

/** @type {readonly { head: readonly [string, string], width: number, text: (result: Result) => string }[]} */
const columns = [
  { head: ["median", "s"], width: 8, text: ({ median }) => shown(median, seconds) },
  { head: ["min", "s"], width: 7, text: ({ min }) => shown(min, seconds) },
  {
    head: ["spread", "%"],
    width: 8,
    text: ({ spread }) => shown(spread, (share) => (100 * share).toFixed(1)),
  },
  { head: ["first/", "later"], width: 7, text: ({ firstToLater }) => shown(firstToLater, ratio) },
  { head: ["peak", "GB"], width: 7, text: ({ peakBytes }) => shown(peakBytes, gigabytes) },
  {
    head: ["predicted", "GB"],
    width: 10,
    text: ({ predictedPeakBytes }) => shown(predictedPeakBytes, gigabytes),
  },
  { head: ["against", "diffusers"], width: 11, text: ({ versusDiffusers }) => shown(versusDiffusers, ratio) },
  { head: ["against", "plain"], width: 9, text: ({ versusPlain }) => shown(versusPlain, ratio) },
  {
    head: ["largest", "error"],
    width: 10,
    text: ({ maxDifference }) => shown(maxDifference, (value) => value.toExponential(1)),
  },
];

/**
 * @param {Case} one
 * @returns {string}
 */
export function caseText(one) {
  const heads = [0, 1].map((line) =>
    "".padEnd(labelWidth).concat(...columns.map(({ head, width }) => (head[line] ?? "").padStart(width))),
  );
  return [titleOf(one), ...heads, ...one.results.map(lineOf)].join("\n");
}

/** @param {Result} result */
function lineOf(result) {
  const label = labelOf(result).padEnd(labelWidth);
  if (result.error === undefined)
    return label.concat(...columns.map(({ text, width }) => text(result).padStart(width)));
  const room = columnCount - labelWidth - 2;
  const error = result.error.replaceAll(/\s+/g, " ");
  return `${label}  ${error.length > room ? `${error.slice(0, room - 1)}…` : error}`;
}

/** With what vaekit chose, where there is a choice. @param {Result} result */
function labelOf({ mode, label, plan }) {
  if (plan === undefined || (mode !== "vaekit-exact" && mode !== "vaekit-auto")) return label;
  const { tiling, stripCount, fileBytes } = plan;
  const strips = stripCount === 1 ? "1 strip" : `${stripCount} strips`;
  const way = tiling === "off" ? "at once" : strips;
  return `${label}: ${way}${fileBytes > 0 ? ", file" : ""}`;
}

/** @param {Case} one */
function titleOf({ model, half, side, rounds, otherWork }) {
  const calls = `${rounds} ${rounds === 1 ? "round" : "rounds"}`;
  return `${model}, ${half} ${side}x${side}, ${calls}, ${(100 * otherWork).toFixed(0)} % of the processor busy with other work`;
}

/** @param {readonly Growth[]} growth */
export function growthText(growth) {
  return [
    "growth with the number of pixels: exponents of time and of peak memory",
    ...growth.map(
      ({ half, label, timeExponent, memoryExponent }) =>
        `${`${half}: ${label}`.padEnd(labelWidth + 10)}${ratio(timeExponent).padStart(8)}${ratio(memoryExponent).padStart(8)}`,
    ),
  ].join("\n");
}

/** @param {Environment} environment */
export function environmentText(environment) {
  const { cpu, cores, memoryBytes, platform, threads, date, torch, diffusers } = environment;
  const python = torch === undefined ? "" : `, torch ${torch}, diffusers ${diffusers}`;
  return [
    `${cpu}, ${cores} cores, ${gigabytes(memoryBytes)} GB, ${platform}; ${threads} threads; ${date.slice(0, 10)}`,
    `vaekit ${environment.vaekit}, Node ${environment.node}, onnxruntime ${environment.onnxruntimeNode} (web ${environment.onnxruntimeWeb})${python}`,
  ].join("\n");
}

export const legend = [
  "against: median over the rounds of time / time of diffusers fp32 (default layout), or of the plain",
  "  graph in the same runtime",
  "first/later: median over the rounds of a process's first call (with the making of ONNX Runtime's sessions) / its next",
  "peak: resident memory of the whole process; predicted: what vaekit said before it ran",
  "largest error: against the plain graph's output in the same runtime; its own against diffusers'",
].join("\n");

/**
 * `median, s`, `first/later`, `against plain`.
 *
 * @param {readonly [string, string]} head
 */
function markdownHead([upper, lower]) {
  if (units.has(lower)) return `${upper}, ${lower}`;
  return upper.endsWith("/") ? upper + lower : `${upper} ${lower}`;
}

const units = new Set(["s", "%", "GB"]);

/** Where a document keeps its tables. */
const marks = ["<!-- bench: begin -->", "<!-- bench: end -->"];

/**
 * Puts tables between the marks of a document; a text without them is all tables.
 *
 * @param {string} document
 * @param {string} tables
 */
export function insertTables(document, tables) {
  const [begin, end] = marks.map((mark) => document.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) return tables;
  return `${document.slice(0, begin)}${marks[0]}\n\n${tables}\n${document.slice(end)}`;
}

/**
 * @param {Environment} environment
 * @param {readonly Case[]} cases
 * @param {readonly Growth[]} growth
 */
export function markdown(environment, cases, growth) {
  const row = (/** @type {readonly string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const tables = cases.map((one) => {
    const { results } = one;
    const failures = results.flatMap(({ label, error }) =>
      error === undefined ? [] : [`${label} (${error})`],
    );
    return [
      `### ${titleOf(one)}\n`,
      row(["", ...columns.map(({ head }) => markdownHead(head))]),
      row(["---", ...columns.map(() => "---:")]),
      ...results
        .filter(({ error }) => error === undefined)
        .map((result) => row([labelOf(result), ...columns.map(({ text }) => text(result))])),
      ...(failures.length === 0 ? [] : [`\nNot measured: ${failures.join("; ")}.`]),
    ].join("\n");
  });
  const exponents =
    growth.length === 0
      ? []
      : [
          [
            "### Growth with the number of pixels\n",
            row(["", "exponent of time", "exponent of peak memory"]),
            row(["---", "---:", "---:"]),
            ...growth.map(({ half, label, timeExponent, memoryExponent }) =>
              row([`${half}: ${label}`, ratio(timeExponent), ratio(memoryExponent)]),
            ),
          ].join("\n"),
        ];
  return `${[environmentText(environment).replace("\n", "  \n"), ...tables, ...exponents].join("\n\n")}\n`;
}
