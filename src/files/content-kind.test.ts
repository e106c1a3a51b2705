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

  it("says of each kind what to do", () => {
    const remedies: [Uint8Array, string][] = [
      [new Uint8Array(0), "Download it again."],
      [new Uint8Array(9), "Download it again."],
      [bytes("GGUF"), "Export the model as safetensors, as diffusers' save_pretrained does."],
      [joined([0x93], "NUMPY"), "Save it with safetensors.numpy.save_file."],
      [joined([0x1f, 0x8b]), "Unpack it, and pass the file that is in it."],
      [bytes("GIF89a"), "Pass the weights; pictures are given apart from the model."],
      [bytes("%PDF-1.4"), "Download it again."],
      [joined([0xfe, 0xff], "\0{"), "Save it as UTF-8."],
      [zip("a.npy"), "Save its arrays with safetensors.numpy.save_file."],
      [zip("a.txt"), "Unpack it, and pass the file that is in it."],
      [joined([8, 1, 0x3a]), "Export the model as safetensors, as diffusers' save_pretrained does."],
      [bytes("version https://hawser.github.com/spec/v1"), "Run `git lfs pull` in its folder."],
      [bytes("<html>"), "Download it again, logged in."],
      [bytes("<xml/>"), "Download it again."],
      [bytes("{}"), "Pass the weights; a config goes beside them."],
      [bytes("hello"), "Download it again."],
      [joined([2, 0, 0, 0, 0, 0, 0, 0], "{}"), ""],
    ];
    for (const [content, remedy] of remedies) {
      expect(identifyContent(content, content.byteLength)?.remedy).toBe(remedy);
    }
    const pickle = identifyContent(joined([0x80, 2]), 2);
    expect(pickle).toMatchObject({
      kind: "pickle",
      remedy: expect.stringContaining("can run any code") as string,
    });
    expect(identifyContent(joined([2, 0, 0, 0, 0, 0, 0, 0], "{}"), 10)!.kind).toBe("safetensors");
  });

  it.each<[string, Uint8Array, string | undefined]>([
    ["a pickle of protocol 5", joined([0x80, 5, 0x95]), "a pickle, as"],
    ["a pickle of no protocol", joined([0x80, 6, 0x95]), undefined],
    ["a pickle of protocol 1", joined([0x80, 1, 0x95]), undefined],
    ["a pickle of one byte", joined([0x80]), undefined],
    ["a list of protocol 0", bytes("(lp0\n"), "a pickle, as"],
    ["a dictionary of protocol 1", bytes("}q\0"), "a pickle, as"],
    ["a list of protocol 1", bytes("]q\0"), "a pickle, as"],
    ["an ONNX model with its graph first", joined([8, 20, 0x42, 0]), "an ONNX model"],
    ["an ONNX model of version 0", joined([8, 0, 0x12, 0]), undefined],
    ["an ONNX model of version 21", joined([8, 21, 0x12, 0]), undefined],
    ["another message", joined([8, 1, 0x13, 0]), undefined],
    ["a length of more than four bytes", joined([2, 0, 0, 0, 1, 0, 0, 0], "{}"), undefined],
    ["a length and one byte", joined([2, 0, 0, 0, 0, 0, 0, 0], "{"), undefined],
    ["a length and no brace", joined([2, 0, 0, 0, 0, 0, 0, 0], "xy"), undefined],
    ["a length and white space", joined([2, 0, 0, 0, 0, 0, 0, 0], "  "), "a safetensors file"],
    ["an empty zip archive", bytes("PK\x05\x06"), "a zip archive"],
    ["another archive of PyTorch", zip("x/.format_version"), "a pickle in PyTorch's archive"],
    ["an archive of PyTorch's data", zip("x/data/0"), "a pickle in PyTorch's archive"],
    ["an archive with a pickle inside a name", zip("a.pkl.txt"), "a zip archive"],
    ["a JSON list of texts", bytes('["a"]'), "JSON text"],
    ["a JSON list of lists", bytes("[[1]]"), "JSON text"],
    ["an empty JSON list", bytes("[ ]"), "JSON text"],
    ["a bracket and words", bytes("[INFO] hello"), 'text: "[INFO] hello"'],
    ["a brace and words", bytes("{hello}"), 'text: "{hello}"'],
    ["a comment without a page", bytes("<!-- hello -->"), "an XML document"],
    ["text with an escape, as of colours", bytes("\x1b[1mhello"), "text: "],
    ["text with a control character", bytes("hello\x01"), undefined],
    ["half of a character in a whole file", joined("hello", [0xc3]), undefined],
  ])("knows %s", (_, content, found) => {
    if (found === undefined) expect(kindOf(content)).toBeUndefined();
    else expect(kindOf(content)).toContain(found);
  });
});
