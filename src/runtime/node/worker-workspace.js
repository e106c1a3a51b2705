/** A workspace in the runtime's thread: one array, out of which sessions read and into which they write. */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Tensor } from "onnxruntime-node";
import { checkArrays } from "../../ort/node/check-arrays.js";

/** @typedef {import("./worker.js").Prepared} Prepared */
/** @typedef {import("../runtime.ts").Region} Region */
/** @typedef {import("../runtime.ts").JoinedRegions} JoinedRegions */
/** @typedef {import("./protocol.ts").StepMessage} StepMessage */
/** @typedef {import("./protocol.ts").TensorMessage} TensorMessage */

/** Reading or writing the temporary file failed. */
export class FileError extends Error {}

const bytesPerElement = 4;

export class WorkerWorkspace {
  /** @type {Float32Array<ArrayBuffer>} */
  #memory;
  /** What lies in several ranges and is read as one. A view of what was before stays valid when it grows. */
  #joined = new Float32Array(0);
  /** @type {number | undefined} */
  #file;

  /**
   * @param {number} size elements
   * @param {string | undefined} folder where the temporary file goes; none is made when undefined
   */
  constructor(size, folder) {
    this.#memory = new Float32Array(size);
    this.#file = folder === undefined ? undefined : openTemporary(folder);
  }

  /**
   * @param {readonly StepMessage[]} steps
   * @param {ReadonlyMap<number, Prepared>} sessions
   * @param {() => void} beforeStep may throw, and ends the work so
   */
  async execute(steps, sessions, beforeStep) {
    /** @type {Record<string, TensorMessage>} */
    const read = {};
    for (const step of steps) {
      beforeStep();
      switch (step.kind) {
        case "run": {
          const prepared = sessions.get(step.session);
          if (prepared === undefined) throw new Error("the session was disposed");
          const outputs = this.#outputs(step.outputs);
          checkArrays(outputs, prepared.outputs);
          await prepared.runInto(prepared.session, this.#inputs(step.inputs), outputs);
          break;
        }
        case "write":
          this.#view(step.region).set(step.data);
          break;
        case "read":
          read[step.name] = {
            dtype: "float32",
            data: this.#view(step.region).slice(),
            shape: step.region.shape,
          };
          break;
        case "store":
          this.#transfer(writeSync, step.region, step.position);
          break;
        case "load":
          this.#transfer(readSync, step.region, step.position);
          break;
      }
    }
    return read;
  }

  dispose() {
    this.#memory = new Float32Array(0);
    this.#joined = new Float32Array(0);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** @param {Region} region */
  #view({ offset, shape }) {
    return this.#memory.subarray(offset, offset + sizeOf(shape));
  }

  /** @param {Readonly<Record<string, Region | JoinedRegions>>} regions */
  #inputs(regions) {
    let joined = 0;
    return mapValues(regions, (region) => {
      if ("offset" in region) return new Tensor("float32", this.#view(region), region.shape);
      const begin = joined;
      joined += sizeOf(region.shape);
      return new Tensor("float32", this.#join(region, begin), region.shape);
    });
  }

  /** @param {Readonly<Record<string, Region>>} regions */
  #outputs(regions) {
    return mapValues(regions, (region) => new Tensor("float32", this.#view(region), region.shape));
  }

  /**
   * Copies ranges to where they lie one after the other until the next run.
   * @param {JoinedRegions} regions
   * @param {number} begin where
   */
  #join({ parts, shape }, begin) {
    const end = begin + sizeOf(shape);
    if (this.#joined.length < end) this.#joined = new Float32Array(end);
    let position = begin;
    for (const { offset, size } of parts) {
      this.#joined.set(this.#memory.subarray(offset, offset + size), position);
      position += size;
    }
    return this.#joined.subarray(begin, end);
  }

  /**
   * @param {(file: number, bytes: Uint8Array, offset: number, length: number, position: number) => number} move
   * moves some bytes and says how many
   * @param {Region} region
   * @param {number} position in elements
   */
  #transfer(move, region, position) {
    if (this.#file === undefined) throw new FileError("The workspace has no temporary file.");
    const { buffer, byteOffset, byteLength } = this.#view(region);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    let done = 0;
    while (done < byteLength) {
      const count = attempt(() =>
        move(
          /** @type {number} */ (this.#file),
          bytes,
          done,
          byteLength - done,
          position * bytesPerElement + done,
        ),
      );
      if (count === 0) throw new FileError("The temporary file ended early; was it changed from outside?");
      done += count;
    }
  }
}

/** @param {readonly number[]} shape */
const sizeOf = (shape) => shape.reduce((product, length) => product * length, 1);

/**
 * @template A, B
 * @param {Readonly<Record<string, A>>} record
 * @param {(value: A) => B} map
 * @returns {Record<string, B>}
 */
const mapValues = (record, map) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

/**
 * A file without a name: it is gone when it is closed, and also when the program is killed.
 * @param {string} folder
 */
function openTemporary(folder) {
  const path = join(folder, `vaekit-${randomUUID()}.tmp`);
  return attempt(() => {
    const file = openSync(path, "wx+");
    unlinkSync(path);
    return file;
  });
}

/**
 * @template T
 * @param {() => T} action
 * @returns {T}
 */
function attempt(action) {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileError(
      `Temporary file: ${reason}. Choose another folder for temporary files, or allow more memory.`,
    );
  }
}
