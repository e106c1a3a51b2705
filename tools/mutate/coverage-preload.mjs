/** Preloaded into every process while coverage is taken: tells at its end which mutants it met. */
import { writeCoverage } from "./write-coverage.mjs";

process.on("exit", writeCoverage);

// A process that ends by a signal of its own has no exit event.
const kill = process.kill.bind(process);
process.kill = (pid, signal) => {
  if (pid === process.pid) writeCoverage();
  return kill(pid, signal);
};
