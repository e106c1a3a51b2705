/** The app that every bundler gets: a page that sends numbers through the built-in model, and leaves an {@link Outcome} in `globalThis.result`. */

/** Of the page's pixels, [1, 3, size, size]. */
export const size = 64;

/** Value `i` of the pixels. */
export const pixelAt = (i: number): number => Math.sin(i / 50);

/** What the page finds, as JSON. */
export interface Outcome {
  readonly sample: readonly number[];
  /** What vaekit has warned of; of the worker, if it could not be started. */
  readonly warnings: readonly string[];
  /** Whether it had two threads. */
  readonly hasThreads: boolean;
}

export const roundTrip = `import { openVae, Tensor } from "vaekit";

export async function roundTrip() {
  const warnings = [];
  const vae = await openVae(new URL("model/", document.baseURI), {
    threadCount: crossOriginIsolated ? 2 : 1,
    onWarning: (message) => warnings.push(message),
  });
  const pixels = Float32Array.from({ length: 3 * ${size} * ${size} }, (_, i) => Math.sin(i / 50));
  const encoded = await vae.encode(Tensor.from(pixels, [1, 3, ${size}, ${size}]));
  const { sample } = await vae.decode(encoded.latents());
  await vae.dispose();
  return JSON.stringify({ sample: [...sample.data], warnings, hasThreads: crossOriginIsolated });
}
`;

/** Starts it, and gives an error as text: a promise that nobody awaits yet would end as an error of the page. */
const start = `globalThis.result = roundTrip().catch((error) => \`\${error.code}: \${error.message}\`);`;

const main = `import { roundTrip } from "./round-trip.js";

${start}
`;

/** A page with the script, or what is put in its place. */
export const html = (script: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>vaekit in a bundle</title>
    <link rel="icon" href="data:," />
    ${script}
  </head>
  <body></body>
</html>
`;

/** The files of an app without a framework. */
export const plainApp: Readonly<Record<string, string>> = {
  "main.js": main,
  "round-trip.js": roundTrip,
};

/** The files of an app of Next. */
export const nextApp: Readonly<Record<string, string>> = {
  "package.json": '{ "private": true }',
  "app/round-trip.js": roundTrip,
  "app/layout.jsx": `export const metadata = { icons: "data:," };

export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`,
  "app/page.jsx": `"use client";

import { useEffect } from "react";
import { roundTrip } from "./round-trip.js";

export default function Page() {
  useEffect(() => {
    ${start}
  }, []);
  return <p>vaekit</p>;
}
`,
};
