#!/usr/bin/env node
/**
 * The program `vaekit`. Loads the rest, which imports nothing before: where that cannot be loaded, as on a Node that is too old or
 * in an installation that is not whole, one line says so.
 */
try {
  await import("./start.ts");
} catch (error) {
  const [firstLine] = (error instanceof Error ? error.message : String(error)).split("\n");
  process.stderr.write(`vaekit: ${firstLine ?? ""}\n`);
  process.exit(1);
}

export {};
