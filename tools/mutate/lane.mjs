/**
 * A process that keeps one Vitest warm and runs test files on demand, one after the other, until one fails.
 *
 * Asked by message `{ files, env }`; answers `{ failed, milliseconds }` with the first file that failed, if any.
 */
import { performance } from "node:perf_hooks";
import { createVitest } from "vitest/node";

const [root = "", ...setupFiles] = process.argv.slice(2);

const vitest = await createVitest(
  "test",
  { root, watch: false, reporters: [{}], maxWorkers: 1, isolate: true },
  { cacheDir: `${root}/.vite`, test: { setupFiles: ["test/setup.ts", ...setupFiles] } },
);
await vitest.standalone();

/** @param {{ files: readonly string[], env: Record<string, string> }} request */
async function run({ files, env }) {
  Object.assign(process.env, env);
  const started = performance.now();
  for (const file of files) {
    const specifications = await vitest.globTestSpecifications([`${root}/${file}`]);
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
    // Vitest answers with every file that it has ever run.
    const [module] = testModules.filter(({ moduleId }) => moduleId === `${root}/${file}`);
    const passed = module?.ok() === true && module.state() === "passed";
    if (!passed || unhandledErrors.length > 0)
      return { failed: file, milliseconds: performance.now() - started };
  }
  return { failed: undefined, milliseconds: performance.now() - started };
}

process.on("message", (/** @type {{ files: readonly string[], env: Record<string, string> }} */ request) => {
  void run(request).then(
    (answer) => process.send?.(answer),
    (/** @type {unknown} */ error) => process.send?.({ error: String(error) }),
  );
});
process.send?.({ ready: true });
