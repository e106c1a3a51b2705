/** Preloaded into every process while coverage is taken: tells at its end which mutants it met. */
import { writeCoverage } from "./write-coverage.mjs";

process.on("exit", writeCoverage);
