import { describe, expect, it } from "vitest";
import { headBytes, identifyContent } from "./content-kind.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));
const joined = (...parts: readonly (readonly number[] | string)[]): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...bytes(part)] : part)));

/** The beginning of a zip archive whose first file has this name. */
const zip = (name: string): Uint8Array =>
  joined("PK\x03\x04", new Array<number>(22).fill(0), [name.length, 0, 0, 0], name);

const kindOf = (content: Uint8Array): string | undefined =>
  identifyContent(content.subarray(0, headBytes), content.byteLength)?.found;

describe("identifyContent", () => {
  it.each([
    ["nothing", new Uint8Array(0), "an empty file"],
    ["zeros", new Uint8Array(4096), "zeros, as a download leaves them"],
    ["a few zeros", new Uint8Array(3), "zeros"],
    [
      "a Git LFS pointer",
      bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
      "a Git LFS pointer",
    ],
    ["an HTML page", bytes("<!DOCTYPE html>\n<html><head>"), "an HTML page"],
    ["an HTML page after spaces", bytes("\n  <HTML lang=en>"), "an HTML page"],
    ["an HTML page after a byte order mark", joined([0xef, 0xbb, 0xbf], "<!doctype html>"), "an HTML page"],
    ["an HTML page after a comment", bytes("<!-- saved -->\n<html>"), "an HTML page"],
    ["an XML answer", bytes('<?xml version="1.0"?><Error><Code>AccessDenied'), "an XML document"],
    [
      "a JSON answer",
      bytes('{"error":"Entry not found"}'),
      "JSON text, such as a config or a server's error answer: \"{",
    ],
    ["an indented config", bytes('{\n  "_class_name": "AutoencoderKL"'), "JSON text"],
    ["a JSON list", bytes("[1, 2]"), "JSON text"],
    ["a plain answer", bytes("Entry not found"), 'text: "Entry not found"'],
    ["text in UTF-16", joined([0xff, 0xfe], "{\0}\0"), "text in UTF-16"],
    ["gzip", joined([0x1f, 0x8b, 8, 0]), "a gzip archive"],
    ["bzip2", bytes("BZh91AY"), "a bzip2 archive"],
    ["xz", joined([0xfd], "7zXZ\0"), "an xz archive"],
    ["Zstandard", joined([0x28, 0xb5, 0x2f, 0xfd, 4]), "a Zstandard archive"],
    ["7z", joined("7z", [0xbc, 0xaf, 0x27, 0x1c]), "a 7z archive"],
    ["tar", joined("model.safetensors", new Array<number>(240).fill(0), "ustar\x0000"), "a tar archive"],
    ["a zip archive", zip("model.safetensors"), "a zip archive"],
    ["a NumPy archive", zip("samples.npy"), "a NumPy archive"],
    ["a NumPy array", joined([0x93], "NUMPY\x01\0"), "a NumPy array"],
    ["PyTorch's archive", zip("archive/data.pkl"), "a pickle in PyTorch's archive"],
    ["PyTorch's archive of another name", zip("sd-v1-4/byteorder"), "a pickle in PyTorch's archive"],
    ["a pickle of protocol 4", joined([0x80, 4, 0x95, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x7d]), "a pickle"],
    ["a pickle of protocol 0", bytes("(dp0\nVkey\np1\nF1.0\n"), "a pickle"],
    ["a pickle of protocol 0 that runs code", bytes("cos\nsystem\n(S'true'\ntR."), "a pickle"],
    ["GGUF", joined("GGUF", [3, 0, 0, 0]), "a GGUF file"],
    ["ONNX", joined([0x08, 0x08, 0x12, 0x07], "pytorch"), "an ONNX model"],
    ["HDF5", joined([0x89], "HDF\r\n\x1a\n"), "an HDF5 file"],
    ["TensorFlow Lite", joined([0x1c, 0, 0, 0], "TFL3"), "a TensorFlow Lite model"],
    ["a PNG picture", joined([0x89], "PNG\r\n\x1a\n"), "a PNG picture"],
    ["a JPEG picture", joined([0xff, 0xd8, 0xff, 0xe0]), "a JPEG picture"],
    ["a WebP picture", bytes("RIFF\0\0\0\0WEBPVP8 "), "a WebP picture"],
    ["safetensors", joined([2, 0, 0, 0, 0, 0, 0, 0], "{}"), "a safetensors file"],
    [
      "safetensors whose length begins as a pickle",
      joined([0x80, 2, 0, 0, 0, 0, 0, 0], '{"a":'),
      "a safetensors file",
    ],
    [
      "safetensors whose length begins as a zip archive",
      joined("PK\x03\x04", [0, 0, 0, 0], "{}"),
      "a safetensors file",
    ],
    ["safetensors with white space", joined([8, 0, 0, 0, 0, 0, 0, 0], "  {}    "), "a safetensors file"],
  ])("knows %s", (_, content, found) => {
    expect(kindOf(content)).toContain(found);
  });

  it("says nothing of bytes that look like nothing", () => {
    expect(kindOf(new Uint8Array([0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4, 5, 6, 7]))).toBeUndefined();
  });

  it("shows of a long text no more than a line, control characters escaped", () => {
    const found = kindOf(bytes(`\x1b[31mError\r\n${"x".repeat(5000)}`))!;
    expect(found.length).toBeLessThan(120);
    expect(found).toContain(String.raw`text: "\u001b[31mError\r\nxxx`);
  });

  it("takes text for text when a character is cut off at the end of the head", () => {
    const text = new TextEncoder().encode("é".repeat(600));
    expect(kindOf(new Uint8Array([0x61, ...text]))).toContain("text: ");
  });
});
