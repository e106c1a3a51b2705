import { expect, test } from "vitest";
import { isOfHub } from "./hub-address.ts";

const hub = "https://huggingface.co";

test.each([
  [hub, `${hub}/api/models/a/b`],
  [hub, "https://hf.co/a/b"],
  [hub, "https://hf.co:443/a/b"],
  ["https://hf.co", `${hub}/a/b`],
  ["http://mirror.test:8080/hub", "http://mirror.test:8080/a/b"],
  ["https://mirror.test", "https://mirror.test:443/a/b"],
])("the token for %s goes to %s", (endpoint, url) => {
  expect(isOfHub(new URL(url), new URL(endpoint))).toBe(true);
});

test.each([
  [hub, "http://huggingface.co/a/b"],
  [hub, "https://huggingface.co:8443/a/b"],
  [hub, "http://hf.co/a/b"],
  [hub, "https://hf.co:8443/a/b"],
  [hub, "https://cdn.huggingface.co/a/b"],
  [hub, "https://huggingface.co.evil.test/a/b"],
  [hub, "https://evil-hf.co/a/b"],
  [hub, "https://evil.test/huggingface.co"],
  ["http://mirror.test:8080", "http://mirror.test/a/b"],
  ["http://mirror.test:8080", "http://mirror.test:8081/a/b"],
  ["http://mirror.test:8080", "https://mirror.test:8080/a/b"],
  // A mirror's token is none of the hub's.
  ["https://mirror.test", `${hub}/a/b`],
  ["https://mirror.test", "https://hf.co/a/b"],
])("the token for %s does not go to %s", (endpoint, url) => {
  expect(isOfHub(new URL(url), new URL(endpoint))).toBe(false);
});
