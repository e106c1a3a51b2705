/** What a view is: one folder with one gesture, one sentence, a formula and code. The frame does the rest. */
import type { Component } from "svelte";
import type { Fields } from "../app/fields.ts";
import type { Catalogue } from "../text/catalogue.ts";

/** In the order of the keys 1, 2, … */
export const viewIds = [
  "round-trip",
  "channels",
  "paint",
  "posterior",
  "scaling",
  "between",
  "robustness",
  "train",
] as const;
export type ViewId = (typeof viewIds)[number];

/** The texts that the frame shows of every view; a view's catalogue has its own beside them. */
export interface ViewMessages {
  /** A name of one to three words, for the list of views. */
  readonly title: string;
  /** The question that the view answers: its headline. */
  readonly question: string;
  /** The one sentence that a visitor takes home. */
  readonly sentence: string;
  /** Beside the formula: what its letters are. */
  readonly formula: string;
}

/** The same program twice; lines that hold `highlight` are marked. */
export interface Code {
  readonly typescript: string;
  readonly diffusers: string;
  readonly highlight?: string;
}

export interface ViewProps<State> {
  /** Reactive: changing it changes the address, and can be undone. */
  readonly state: State;
}

/** What a view's component exports, for the frame. */
export interface ViewParts {
  /** The picture that "save PNG" writes. */
  picture(): HTMLCanvasElement | undefined;
  /** What keys do in this view, by KeyboardEvent.key. */
  readonly keys?: KeyActions;
}
export type KeyActions = Readonly<Record<string, (event: KeyboardEvent) => void>>;

export type ViewComponent<State> = Component<ViewProps<State>, ViewParts>;

export interface View<State extends object = object> {
  readonly id: ViewId;
  readonly text: Catalogue<ViewMessages & Readonly<Record<string, string>>>;
  /** The state, its defaults, and how the address has it. Names are unique within the view; `view`, `picture`, `size` and `lang` are taken. */
  readonly fields: Fields<State>;
  load(): Promise<{ readonly default: ViewComponent<State> }>;
  /** Whether it shows something of the picture that all views share. */
  readonly looksAtPicture: boolean;
  /** What a model must have for it; left out where any will do. */
  readonly needs?: Needs;
  /** MathML and no more. */
  readonly formula: Component;
  code(state: State): Code;
}

export interface Needs {
  areMet(model: { readonly className: string; readonly scaling: { readonly kind: string } }): boolean;
  /** Why a model of the class {name} will not do. */
  readonly text: Catalogue<{ readonly unfit: `${string}{name}${string}` }>;
}

/** Forgets the state's type, so that views of all kinds are in one list. Each state goes back to its own view only. */
export function anyView<State extends object>(view: View<State>): View {
  return view as unknown as View;
}
