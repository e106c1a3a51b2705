/** The kinds of values that a recipe's keys take. */
import { z } from "zod";

export const count = (): z.ZodInt => z.int().positive();
export const wholeNumber = (): z.ZodInt => z.int().nonnegative();
export const positive = (): z.ZodNumber => z.number().positive();
export const nonNegative = (): z.ZodNumber => z.number().nonnegative();
/** A share or a decay: 0 to 1. */
export const ratio = (): z.ZodNumber => z.number().min(0).max(1);
export const path = (): z.ZodString => z.string().min(1);
