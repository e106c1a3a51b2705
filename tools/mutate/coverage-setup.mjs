/** Runs in each test file while coverage is taken: tells which mutants its own process met. */
import { afterAll } from "vitest";
import { writeCoverage } from "./write-coverage.mjs";

afterAll(writeCoverage);
