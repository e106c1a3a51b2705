import { afterEach, describe, expect, test, vi } from "vitest";
import { absoluteUrl, fileUrl, folderUrl } from "./model-url.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const folderOf = (address: string | URL, base?: string): string =>
  folderUrl(absoluteUrl(address, "openVae", base)).href;

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
    expect(folderOf(address, "http://page.test/here/index.html")).toBe(expected);
  });

  test("may be an object, which stays as it is", () => {
    const url = new URL("https://a.test/org/name#part");
    expect(folderOf(url)).toBe("https://a.test/org/name/");
    expect(url.href).toBe("https://a.test/org/name#part");
  });

  test("may have a folder inside", () => {
    const url = new URL("https://a.test/m?x=1");
    expect(folderUrl(url, "vae").href).toBe("https://a.test/m/vae/?x=1");
    expect(folderUrl(url, "a b/vae").href).toBe("https://a.test/m/a%20b/vae/?x=1");
  });

  test.each<[string, string | undefined, string, string]>([
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
      "openVae: ./vae: expected a hub id, or the URL of a model's folder or of its file. A relative one needs a page",
    ],
    [
      "file:///models/vae",
      undefined,
      "UNSUPPORTED",
      "file:///models/vae: a file: address cannot be fetched.",
    ],
    ["./vae", "file:///page.html", "UNSUPPORTED", "./vae: a file: address cannot be fetched."],
  ])("is not %s on the page %s", (address, base, code, message) => {
    expect(() => absoluteUrl(address, "openVae", base)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error,
    );
  });

  test("is relative to the page's base, else to where the worker is", () => {
    vi.stubGlobal("location", { href: "http://worker.test/w/worker.js" });
    expect(folderOf("./vae")).toBe("http://worker.test/w/vae/");
    vi.stubGlobal("document", { baseURI: "http://base.test/b/" });
    expect(folderOf("./vae")).toBe("http://base.test/b/vae/");
  });
});

test("a file's address has the folder's query, and its name as an address needs it", () => {
  const folder = folderUrl(new URL("https://a.test/vae?token=1"));
  expect(fileUrl(folder, "config.json")).toBe("https://a.test/vae/config.json?token=1");
  expect(fileUrl(folder, "a b#c.json")).toBe("https://a.test/vae/a%20b%23c.json?token=1");
  expect(folder.href).toBe("https://a.test/vae/?token=1");
});
