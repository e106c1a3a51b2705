/** The project's rules for the studio's TypeScript; svelte-check looks at the components. */
import project from "../eslint.config.js";

const rules = project.filter((config) => config.ignores === undefined && config.files?.[0] !== "examples/**");

export default [{ ignores: ["dist/**", "build/service-worker.js"] }, ...rules];
