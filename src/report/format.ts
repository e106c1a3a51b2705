/** Numbers as people read them. */
import { formatNumber } from "../tensor/print.ts";

const byteUnits = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1536` → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), byteUnits.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${byteUnits[power]!}`;
}

/** `812.4` → `812 ms`, `13100` → `13.1 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** `83819683` → `83,819,683`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `32.41 dB`; equal pictures have no noise, so an infinite ratio. */
export function formatDecibels(decibels: number): string {
  return decibels === Infinity ? "∞ dB (identical)" : `${decibels.toFixed(2)} dB`;
}

/** Four significant digits. */
export function formatValue(value: number): string {
  return formatNumber(value);
}
