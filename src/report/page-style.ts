/** How the report page looks: system fonts, light and dark, one column on a telephone. */
import { chartStyle } from "./svg.ts";

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f4f6f9; --ink: #14171c; --faint: #596273; --rule: #dde2ea;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #0f1115; --panel: #171a20; --ink: #f2f4f8; --faint: #a3adbd; --rule: #2a2f39; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 76rem;
  background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin: 0 0 0.25rem; }
h2 { font-size: 1.2rem; margin: 0 0 0.75rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
.faint { color: var(--faint); margin: 0; }
section { margin-top: 2.5rem; padding-top: 1.5rem; border-top: 1px solid var(--rule); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.75rem; margin: 1rem 0; }
dl div { background: var(--panel); border-radius: 0.5rem; padding: 0.5rem 0.75rem; }
dt { color: var(--faint); font-size: 0.8rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; border-radius: 0.5rem; background: var(--panel); }
figure img.latents { image-rendering: pixelated; }
figcaption { color: var(--faint); font-size: 0.85rem; margin-top: 0.35rem; }
.histograms { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 0.75rem; }
.histograms .chart, .wide .chart { background: var(--panel); border-radius: 0.5rem; }
.histograms .chart { width: 100%; }
${chartStyle}`;
