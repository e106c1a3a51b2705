import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { checkNodeVersion } from "./supported-node.ts";

test("a Node that is too old is refused, in one line that says which one would do", () => {
  for (const version of ["18.20.8", "19.9.0", "8.0.0"]) {
    const message = `vaekit needs Node 20 or later, found Node ${version}. Install a newer one from https://nodejs.org.`;
    expect(() => {
      checkNodeVersion(version);
    }).toThrow(expect.objectContaining({ code: "UNSUPPORTED", message }) as Error);
  }
});

test("the oldest that package.json names is accepted, and any later one", () => {
  const oldest = manifest.engines.node.replace(">=", "");
  for (const version of [`${oldest}.0.0`, "22.11.0", "100.1.0"]) {
    expect(() => {
      checkNodeVersion(version);
    }).not.toThrow();
  }
});
