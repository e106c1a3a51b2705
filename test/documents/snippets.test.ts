/** Every program in the documents compiles, runs, and prints what the page shows; blocks.ts says how a page is read. */
import { expect, test } from "vitest";
import ts from "typescript";
import { blocksOf, programsOf, type Block, type Page } from "./blocks.ts";
import { commandsOf, usageError } from "./commands.ts";
import { compile } from "./compile.ts";
import { englishOf, isChinese, pages } from "./pages.ts";
import { createReaderFolder } from "./reader-folder.ts";
import { problemsOfRun } from "./run-program.ts";

const english = pages.filter((page) => !isChinese(page));
const withPrograms = english.filter((page) => programsOf(page).length > 0);
const programs = withPrograms.flatMap(programsOf);

// All at once: most of the time goes into the types of the language and of Node.
test("TypeScript compiles, or fails to with the messages that are shown", () => {
  const inTypeScript = programs.filter(({ language }) => language === "ts");
  expect(compile(inTypeScript).join("\n\n")).toBe("");
});

test.concurrent.each(withPrograms)(
  "what $path shows runs, and prints what it shows",
  async (page) => {
    const folder = await createReaderFolder();
    const problems: string[] = [];
    try {
      for (const program of programsOf(page)) problems.push(...(await problemsOfRun(program, folder.path)));
    } finally {
      await folder.remove();
    }
    // As text: a list would show line breaks as \n.
    expect(problems.join("\n\n")).toBe("");
  },
  600_000,
);

test.each(english)("commands in $path are vaekit's, and so are their options", async (page) => {
  const errors = await Promise.all(commandsOf(page).map(usageError));
  expect(errors.filter((error) => error !== undefined)).toEqual([]);
});

test.each(pages.filter(isChinese))(
  "$path has the programs and the results of the page in English",
  (page) => {
    expect(inAnyLanguage(page)).toEqual(inAnyLanguage(englishOf(page)));
  },
);

test("what is not run says why", () => {
  const left = programs.flatMap(({ blocks }) => blocks).filter(({ notRun }) => notRun !== undefined);
  expect(left.map(({ page, code, notRun }) => [page, code.split("\n")[0], notRun])).toMatchInlineSnapshot(
    `
    [
      [
        "README.md",
        "npm ci && npm run demo   # a picture through the built-in model; writes vaekit-demo/report.html",
        "installs the repository and runs its tests, as continuous integration does",
      ],
      [
        "README.md",
        "npm ci && npm pack                                  # in the checkout: makes vaekit-0.1.0.tgz",
        "tools/check-package.mjs packs and installs it",
      ],
      [
        "README.md",
        "vaekit train recipes/photos-small.yaml --set data.path=photos --out runs/small   # writes runs/small/model, a diffusers folder",
        "docs/training.md runs it",
      ],
      [
        "docs/default-model.md",
        "vaekit train recipes/default-model.yaml --out runs/default \\",
        "needs the photographs, and hours",
      ],
      [
        "docs/default-model.md",
        "vaekit train recipes/default-preview.yaml --out runs/preview \\",
        "needs the photographs, and an hour",
      ],
      [
        "docs/hub.md",
        "import { openVae } from "vaekit";",
        "needs the network",
      ],
      [
        "docs/likelihoods.md",
        "vaekit train recipes/mnist-likelihood.yaml --set data.path=mnist --threads 1 --out runs/optimal",
        "needs MNIST's files, and minutes",
      ],
      [
        "docs/likelihoods.md",
        "vaekit sample --model runs/per-value/model --count 10 --columns 10 --out means.png",
        "needs the models above",
      ],
      [
        "docs/likelihoods.md",
        "import { Generator, openVae } from "vaekit";",
        "needs the models above",
      ],
      [
        "docs/likelihoods.md",
        "vaekit train recipes/photos-likelihood.yaml --set data.path=photos --threads 1 --out runs/per-value",
        "needs photographs, and minutes",
      ],
      [
        "docs/mnist.md",
        "vaekit train recipes/mnist.yaml --set data.path=mnist --set log.every=1 --out runs/mnist",
        "needs MNIST's files, and minutes",
      ],
      [
        "docs/mnist.md",
        "vaekit train recipes/mnist-iwae.yaml --set data.path=mnist --out runs/iwae-5",
        "needs MNIST's files, and hours",
      ],
      [
        "docs/mnist.md",
        "vaekit train --resume --out runs/vae --set validation.likelihood_samples=5000 --set validation.images=1000",
        "needs MNIST's files, and minutes",
      ],
      [
        "docs/models.md",
        "vaekit inspect flux1/vae --compare z-image/vae",
        "needs two published models",
      ],
      [
        "docs/mutation.md",
        "npm run mutate -- src/latents              # a sample of 60 changes in a folder",
        "takes minutes, and needs a checkout",
      ],
      [
        "docs/performance.md",
        "npm run bench                                                      # everything: more than an hour on two cores",
        "in a checkout, for minutes to hours",
      ],
      [
        "docs/webgpu.md",
        "apt install chromium",
        "installs a browser for its driver",
      ],
      [
        "examples/README.md",
        "cd examples/vite",
        "test/examples/vite-page.test.ts does this, with a browser",
      ],
    ]
  `,
  );
});

/** The programs without their comments, and what they print. */
function inAnyLanguage(page: Page): unknown[] {
  const isProgram = ({ language }: Block): boolean => ["ts", "sh", "python"].includes(language);
  return blocksOf(page)
    .filter(isProgram)
    .map(({ language, code, output, notRun, whenRun }) => ({
      code: language === "ts" ? withoutComments(code) : code.replace(/\s*#.*$/gm, ""),
      output,
      isRun: notRun === undefined,
      whenRun,
    }));
}

function withoutComments(code: string): string {
  const file = ts.createSourceFile("snippet.ts", code, ts.ScriptTarget.ES2022);
  return ts.createPrinter({ removeComments: true }).printFile(file);
}
