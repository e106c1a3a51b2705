/**
 * The globals that browsers and Node share, as far as the core uses them: its only ones beside the language's own.
 * Whoever adds one here has looked that every platform has it. The other projects see the real declarations instead.
 */

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean });
  decode(bytes: Uint8Array): string;
}

declare class Blob {
  constructor(parts: readonly (Uint8Array | string)[]);
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

declare function atob(base64: string): string;
declare function btoa(binary: string): string;
declare function setTimeout(callback: () => void, delayMs?: number): unknown;

declare const performance: { now(): number };
