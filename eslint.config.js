import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist/**", "build/**", "studio/**", "tools/reference/**", "test/fixtures/**"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  // TypeScript checks names, here as in its own files.
  { files: ["**/*.{js,mjs}"], rules: { "no-undef": "off" } },
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // Numbers belong in messages; writing String(n) around each hides the sentence.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // `while (true)` reads better than a flag in a decoder's loop.
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      // Under noUncheckedIndexedAccess, `!` marks an index that the line before has checked.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  // Examples are programs of their own, outside of this project's types: test/examples runs them.
  { files: ["examples/**"], extends: [tseslint.configs.disableTypeChecked] },
);
