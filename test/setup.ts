import "./matchers.ts";
