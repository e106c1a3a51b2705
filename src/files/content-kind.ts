/**
 * What a file holds, by its first bytes: names lie, and what was downloaded is often something else than what was
 * asked for. For messages, and for choosing a reader; runs everywhere.
 */
import { quote, shorten } from "../util/printable.ts";

/** How many first bytes {@link identifyContent} looks at. */
export const headBytes = 512;

/** What a file holds. */
export interface ContentKind {
  readonly kind: "safetensors" | "pickle" | "other";
  /** In words: "an HTML page". */
  readonly found: string;
  /** What to do, as a sentence, where weights or a config were expected; "" where nothing can be said. */
  readonly remedy: string;
}

const again = "Download it again.";
const exportAgain = "Export the model as safetensors, as diffusers' save_pretrained does.";
const unpack = "Unpack it, and pass the file that is in it.";
const picture = "Pass the weights; pictures are given apart from the model.";

/** Formats that begin with fixed bytes: where, which, what it is, and what to do. */
const signatures: readonly (readonly [number, string | readonly number[], string, string])[] = [
  [0, "GGUF", "a GGUF file", exportAgain],
  [0, "\x93NUMPY", "a NumPy array (.npy)", "Save it with safetensors.numpy.save_file."],
  [
    0,
    [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
    "an HDF5 file, as Keras and TensorFlow write them",
    exportAgain,
  ],
  [4, "TFL3", "a TensorFlow Lite model", exportAgain],
  [0, [0x1f, 0x8b], "a gzip archive", unpack],
  [0, "BZh", "a bzip2 archive", unpack],
  [0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "an xz archive", unpack],
  [0, [0x28, 0xb5, 0x2f, 0xfd], "a Zstandard archive", unpack],
  [0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "a 7z archive", unpack],
  [0, "Rar!\x1a\x07", "a RAR archive", unpack],
  [257, "ustar", "a tar archive", unpack],
  [0, "\x89PNG\r\n\x1a\n", "a PNG picture", picture],
  [0, [0xff, 0xd8, 0xff], "a JPEG picture", picture],
  [0, "GIF8", "a GIF picture", picture],
  [8, "WEBP", "a WebP picture", picture],
  [0, "%PDF-", "a PDF document", again],
  [0, [0xff, 0xfe], "text in UTF-16", "Save it as UTF-8."],
  [0, [0xfe, 0xff], "text in UTF-16", "Save it as UTF-8."],
];

/**
 * Says what a file is.
 *
 * @param head its first {@link headBytes} bytes, or all of them.
 * @param byteLength its size.
 * @returns undefined for bytes that look like nothing known.
 */
export function identifyContent(head: Uint8Array, byteLength: number): ContentKind | undefined {
  if (byteLength === 0) return other("an empty file", again);
  if (isSafetensors(head)) return { kind: "safetensors", found: "a safetensors file", remedy: "" };
  if (head.every((byte) => byte === 0)) {
    return other("zeros, as a download leaves them that was not finished", again);
  }
  const signature = signatures.find(([at, bytes]) => startsWith(head, bytes, at));
  if (signature !== undefined) return other(signature[2], signature[3]);
  if (startsWith(head, "PK\x03\x04") || startsWith(head, "PK\x05\x06")) return zipKind(head);
  if (isPickle(head)) return pickle("a pickle, as PyTorch writes it");
  if (isOnnx(head)) return other("an ONNX model", exportAgain);
  return textKind(head);
}

const other = (found: string, remedy: string): ContentKind => ({ kind: "other", found, remedy });

const pickle = (found: string): ContentKind => ({
  kind: "pickle",
  found,
  remedy:
    "vaekit refuses it because opening one can run any code in it; save the weights as safetensors, with diffusers' save_pretrained.",
});

function startsWith(head: Uint8Array, expected: string | readonly number[], at = 0): boolean {
  const bytes = typeof expected === "string" ? Array.from(expected, (each) => each.charCodeAt(0)) : expected;
  return bytes.every((byte, i) => head[at + i] === byte);
}

/** A length below 2³² in eight bytes, then a brace; white space may stand before it. */
function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 10 || head.subarray(4, 8).some((byte) => byte !== 0)) return false;
  return /^\s*(\{|$)/.test(ascii(head.subarray(8)));
}

/** The first entry's name tells PyTorch's archive and NumPy's from others. */
function zipKind(head: Uint8Array): ContentKind {
  const nameBytes = (head[26] ?? 0) + 256 * (head[27] ?? 0);
  const name = ascii(head.subarray(30, 30 + nameBytes));
  if (/\.pkl$|\/(version|byteorder|\.format_version|\.storage_alignment|data\/|code\/)/.test(name)) {
    return pickle("a pickle in PyTorch's archive");
  }
  if (name.endsWith(".npy")) {
    return other("a NumPy archive (.npz)", "Save its arrays with safetensors.numpy.save_file.");
  }
  return other("a zip archive", unpack);
}

/** Protocols 2 to 5 begin with their number; 0 and 1 are text with an object's or a dictionary's opcode. */
function isPickle(head: Uint8Array): boolean {
  if (head[0] === 0x80 && head[1] !== undefined && head[1] >= 2 && head[1] <= 5) return true;
  return /^(\(dp\d|\(lp\d|\}q|\]q|c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n)/.test(ascii(head));
}

/** A protobuf message that begins with a small version and then the producer, the graph or the operator sets. */
function isOnnx(head: Uint8Array): boolean {
  const [first, version, next] = head;
  return (
    first === 0x08 &&
    version !== undefined &&
    version >= 1 &&
    version <= 20 &&
    [0x12, 0x3a, 0x42].includes(next!)
  );
}

/** Texts: what a server answered, a pointer, a config. */
function textKind(head: Uint8Array): ContentKind | undefined {
  const text = textOf(head)?.trimStart();
  if (text === undefined) return undefined;
  if (/^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\//.test(text)) {
    return other("a Git LFS pointer, not the file that it stands for", "Run `git lfs pull` in its folder.");
  }
  if (/^(<!doctype html|<html|<head|<body|<script|<title)/i.test(text) || /^<!--[\s\S]*<html/i.test(text)) {
    return other(
      "an HTML page: a login or error page was saved in place of the file",
      "Download it again, logged in.",
    );
  }
  if (text.startsWith("<")) return other("an XML document, such as a server's error answer", again);
  if (/^(\{\s*("|\}|$)|\[\s*(["[{\]\d-]|$))/.test(text)) {
    return other(
      `JSON text, such as a config or a server's error answer: ${excerpt(text)}`,
      "Pass the weights; a config goes beside them.",
    );
  }
  return other(`text: ${excerpt(text)}`, again);
}

const excerpt = (text: string): string => quote(shorten(text, 60));

/** The head as text; undefined when it is no text. The last character may be cut off. */
function textOf(head: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(head);
  const printed = head.length < headBytes ? text : text.replace(/\ufffd$/, "");
  // eslint-disable-next-line no-control-regex -- other control characters are no text
  return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/.test(printed) ? undefined : printed;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
