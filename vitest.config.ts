import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type ViteUserConfig } from "vitest/config";

/** What every run of tests has, whatever it runs in. */
export const sharedTest: ViteUserConfig["test"] = {
  setupFiles: ["test/setup.ts"],
  globalSetup: ["test/own-temporary-folder.ts"],
  // For what hangs. Nothing is judged by its time: on a busy machine everything takes ten times as long.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  // The native runtime is parallel inside; more files at once than cores only add noise.
  maxWorkers: 2,
};

const testFiles = ["src", "test"].flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`),
);

/** What tests have that need a process of their own, by their path and text. */
const needsItsOwnProcess = [
  // Modules, clocks, folders and classes that are replaced for everybody in the process.
  /\bvi\.|process\.chdir|registerModel\(|toy-model/,
  // What the process holds counts in plans.
  /maxMemoryBytes|--memory/,
  // Memory, open files and listeners of the process, which earlier files may have changed.
  /memoryUsage|\/proc\/self|process\.(on|listenerCount)\(/,
  // Allocators, threads and operators that ONNX Runtime keeps for the whole process.
  /^test\/(ort|runtime)\//,
  // Helpers that prepare something for each file when they are loaded.
  /hub-server|hostile-hub|opened-data|checkpoint-files/,
];

const alone = testFiles.filter((file) => {
  const text = readFileSync(new URL(file, import.meta.url), "utf8");
  return needsItsOwnProcess.some((each) => each.test(file) || each.test(text));
});

/** The rest loads vaekit once for each worker, and not for each file, which is a third of the time. */
const together = testFiles.filter((file) => !alone.includes(file));

export default defineConfig({
  test: {
    ...sharedTest,
    projects: [
      { extends: true, test: { name: "together", include: together, isolate: false } },
      { extends: true, test: { name: "alone", include: alone } },
    ],
  },
});
