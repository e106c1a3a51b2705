/** Which device a runtime's sessions are made on: the first of several that works. */
import { isDisposal, messageOf, VaekitError } from "../errors.ts";
import { NoEngineError } from "./no-engine-error.ts";
import type { ConcreteDevice } from "./runtime.ts";

/** Finds out whether a device is there, as cheaply as can be; rejects when it is not. */
type Probe = (device: ConcreteDevice) => Promise<unknown>;

export class DeviceChoice {
  /** What is left to try; the first is the choice. */
  readonly #candidates: ConcreteDevice[];
  readonly #probe: Probe;
  /** What happened on the devices before, by reason. */
  readonly #failures = new Map<string, ConcreteDevice[]>();
  #resolved: Promise<ConcreteDevice> | undefined;
  #isSettled = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param candidates in order, at least one. The last is taken without a probe: there is nothing behind it. */
  constructor(candidates: readonly ConcreteDevice[], probe: Probe) {
    this.#candidates = [...candidates];
    this.#probe = probe;
  }

  /** Where sessions are; undefined before the first one. */
  get settled(): ConcreteDevice | undefined {
    return this.#isSettled ? this.#candidates[0] : undefined;
  }

  /** Where the next session will be. Another one later, if not even the first session can be made there. */
  resolve(): Promise<ConcreteDevice> {
    return (this.#resolved ??= this.#firstThatWorks());
  }

  /**
   * Makes a session on the choice. The first one decides: where it cannot be made, the next device is tried.
   *
   * @param planned the only device that will do.
   * @param what for messages: "the graph decoder".
   * @throws RUNTIME when no device is left, or when the choice is no longer `planned`.
   */
  make<T>(
    what: string,
    create: (device: ConcreteDevice) => Promise<T>,
    planned?: ConcreteDevice,
  ): Promise<T> {
    if (this.#isSettled || this.#candidates.length === 1) return this.#make(what, create, planned);
    // One after the other: those that are asked for together shall not be on different devices.
    const made = this.#turn.then(() => this.#make(what, create, planned));
    this.#turn = made.catch(() => undefined);
    return made;
  }

  async #make<T>(
    what: string,
    create: (device: ConcreteDevice) => Promise<T>,
    planned: ConcreteDevice | undefined,
  ): Promise<T> {
    for (;;) {
      const device = await this.resolve();
      if (planned !== undefined && planned !== device) {
        throw new VaekitError("RUNTIME", `${what} was planned for ${planned}, which does not work here.`);
      }
      try {
        const made = await create(device);
        this.#isSettled = true;
        return made;
      } catch (error) {
        if (isDisposal(error) || isUnreadable(error) || error instanceof NoEngineError) throw error;
        if (this.#isSettled || this.#candidates.length === 1) {
          const message = `ONNX Runtime could not prepare ${what} (${this.#reasons(device, error)}).`;
          throw new VaekitError("RUNTIME", message, { cause: error });
        }
        this.#note(device, error);
        this.#candidates.shift();
        this.#resolved = undefined;
      }
    }
  }

  async #firstThatWorks(): Promise<ConcreteDevice> {
    while (this.#candidates.length > 1) {
      const device = this.#candidates[0]!;
      try {
        await this.#probe(device);
        return device;
      } catch (error) {
        this.#note(device, error);
        this.#candidates.shift();
      }
    }
    return this.#candidates[0]!;
  }

  #note(device: ConcreteDevice, error: unknown): void {
    const reason = messageOf(error);
    this.#failures.set(reason, [...(this.#failures.get(reason) ?? []), device]);
  }

  /** Of the devices before too, unless one has been settled on: then they are no longer in question. */
  #reasons(device: ConcreteDevice, error: unknown): string {
    const failures = new Map(this.#isSettled ? [] : this.#failures);
    const reason = messageOf(error);
    failures.set(reason, [...(failures.get(reason) ?? []), device]);
    return [...failures].map(([each, devices]) => `${devices.join(", ")}: ${each}`).join("; ");
  }
}

/** Weights that cannot be read are no fault of a device. */
const isUnreadable = (error: unknown): boolean => error instanceof VaekitError && error.code === "IO";
