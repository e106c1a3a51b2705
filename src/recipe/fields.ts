/** The kinds of values that a recipe's keys take. */
import { z } from "zod";

/** @param maximum what no run comes near, so that a slip of the keyboard is a message and not hours of work. */
export const count = (maximum = Number.MAX_SAFE_INTEGER): z.ZodInt => z.int().positive().max(maximum);
export const wholeNumber = (maximum = Number.MAX_SAFE_INTEGER): z.ZodInt =>
  z.int().nonnegative().max(maximum);
export const positive = (): z.ZodNumber => z.number().positive();
export const nonNegative = (): z.ZodNumber => z.number().nonnegative();
/** A share or a decay: 0 to 1. */
export const ratio = (): z.ZodNumber => z.number().min(0).max(1);
export const path = (): z.ZodString => z.string().min(1).max(4096);
/** Pixels along one side of a picture. */
export const side = (): z.ZodInt => count(16_384);
