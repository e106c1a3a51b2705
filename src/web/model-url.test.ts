import { afterEach, describe, expect, test, vi } from "vitest";
import { fileUrl, folderUrl } from "./model-url.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the address of a model's folder", () => {
  test.each([
    ["https://a.test/vae", "https://a.test/vae/"],
    ["https://a.test/vae/", "https://a.test/vae/"],
    ["https://a.test", "https://a.test/"],
    ["https://a.test/vae?x=1#part", "https://a.test/vae/?x=1"],
    ["https://a.test/vae.safetensors.d", "https://a.test/vae.safetensors.d/"],
    ["/models/vae", "http://page.test/models/vae/"],
    ["./vae", "http://page.test/here/vae/"],
    ["../vae", "http://page.test/vae/"],
    ["vae", "http://page.test/here/vae/"],
  ])("%s is %s", (address, expected) => {
    expect(folderUrl(address, "openVae", "http://page.test/here/index.html").href).toBe(expected);
  });

  test("may be an object, also one that reads like a hub id from the page", () => {
    const url = new URL("https://a.test/org/name");
    expect(folderUrl(url, "openVae").href).toBe("https://a.test/org/name/");
    expect(url.href).toBe("https://a.test/org/name");
  });

  test.each<[string, string | undefined, string, string]>([
    [
      "org/name",
      "http://page.test/",
      "INVALID_ARGUMENT",
      "openVae: org/name: expected the URL of a model's folder, found what may be a hub id.",
    ],
    [
      "a-b_c.d/e.f-g",
      undefined,
      "INVALID_ARGUMENT",
      "found what may be a hub id. Write https://huggingface.co/a-b_c.d/e.f-g/resolve/main",
    ],
    [
      "http://[",
      "http://page.test/",
      "INVALID_ARGUMENT",
      "A relative one needs a page that it is relative to.",
    ],
    [
      "./vae",
      undefined,
      "INVALID_ARGUMENT",
      "openVae: ./vae: expected the URL of a model's folder. A relative one needs a page",
    ],
    [
      "file:///models/vae",
      undefined,
      "UNSUPPORTED",
      "file:///models/vae: a file: address cannot be fetched.",
    ],
    ["./vae", "file:///page.html", "UNSUPPORTED", "./vae: a file: address cannot be fetched."],
    ["https://a.test/vae.safetensors", undefined, "INVALID_ARGUMENT", "found that of a single file."],
    ["https://a.test/config.json?x=1", undefined, "INVALID_ARGUMENT", "found that of a single file."],
  ])("is not %s on the page %s", (address, base, code, message) => {
    expect(() => folderUrl(address, "openVae", base)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error,
    );
  });

  test("is relative to the page's base, else to where the worker is", () => {
    vi.stubGlobal("location", { href: "http://worker.test/w/worker.js" });
    expect(folderUrl("./vae", "openVae").href).toBe("http://worker.test/w/vae/");
    vi.stubGlobal("document", { baseURI: "http://base.test/b/" });
    expect(folderUrl("./vae", "openVae").href).toBe("http://base.test/b/vae/");
  });
});

test("a file's address has the folder's query, and its name as an address needs it", () => {
  const folder = folderUrl("https://a.test/vae?token=1", "openVae");
  expect(fileUrl(folder, "config.json")).toBe("https://a.test/vae/config.json?token=1");
  expect(fileUrl(folder, "a b#c.json")).toBe("https://a.test/vae/a%20b%23c.json?token=1");
  expect(folder.href).toBe("https://a.test/vae/?token=1");
});
