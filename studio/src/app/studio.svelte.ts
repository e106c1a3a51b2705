/** Everything that views share: the engine, the picture, the language, the colours, and the state of each view. */
import { Engine } from "../engine/engine.svelte.ts";
import { sizes } from "../engine/sides.ts";
import { fetchPicturesAhead } from "../prerendered/index.ts";
import { Subject } from "../subject/subject.svelte.ts";
import { languages, type Language } from "../text/catalogue.ts";
import { views } from "../views/index.ts";
import { viewIds, type View, type ViewId } from "../views/view.ts";
import { defaults, readState, writeState } from "./fields.ts";
import { History } from "./history.svelte.ts";
import { keepForOffline } from "./offline.ts";
import { Preferences } from "./preferences.svelte.ts";

interface Opened {
  /** Reactive, and the view's own. */
  readonly state: object;
  readonly history: History;
}

export class Studio {
  readonly engine = new Engine();
  readonly subject = new Subject(() => this.engine.size);
  readonly preferences = new Preferences();
  viewId = $state<ViewId>("round-trip");
  readonly #opened = $state<Partial<Record<ViewId, Opened>>>({});

  constructor(address: URL) {
    this.read(address);
  }

  /** Whether the page works without a network from now on. */
  isKept = $state(false);

  /** The address of a model that the page's own address names; undefined for the one beside the page, and for the visitor's files. */
  model = $state<string>();

  /** Opens the model that was asked for last, or the one that the address names. */
  readonly openModel = async (): Promise<void> => {
    const place = this.engine.place ?? new URL(this.model ?? "model/", document.baseURI);
    await this.engine.open(place);
    if (this.engine.status.phase === "ready" && place instanceof URL) this.isKept = await keepForOffline();
  };

  /** A new engine, where the one before has failed. */
  readonly startAnew = async (): Promise<void> => {
    await this.engine.release();
    await this.openModel();
  };

  readonly openBuiltIn = (): Promise<void> => {
    this.model = undefined;
    this.engine.place = undefined;
    return this.openModel();
  };

  /** Opens the model of the address; another site is asked nothing before the visitor says so. */
  begin(): void {
    const place = new URL(this.model ?? "model/", document.baseURI);
    if (place.origin === location.origin) void this.openModel();
    else this.engine.ask(place);
  }

  /** What the visitor gives: a picture, or a model's weights, with or without their config.json. */
  async take(files: readonly File[]): Promise<void> {
    const [first] = files;
    if (first === undefined) return;
    const kinds = files.map(kindOfFile);
    if (kinds.includes("weights")) {
      this.model = undefined;
      await this.engine.open(files);
    } else if (kinds[0] === "picture") await this.subject.open(first);
    else this.subject.refuse(kinds.includes("pickle") ? "pickle" : "notAFile", first.name);
  }

  /** Every view as it begins, which needs no engine. */
  showPrepared(): void {
    const { fields } = this.view;
    Object.assign(this.opened.state, defaults(fields));
    this.subject.choose(null);
    this.engine.size = 256;
  }

  get language(): Language {
    return this.preferences.language;
  }

  get view(): View {
    return views[this.viewId];
  }

  get opened(): Opened {
    return this.#opened[this.viewId]!;
  }

  show(id: ViewId): void {
    this.#open(id, new URLSearchParams());
    this.viewId = id;
  }

  /** Takes the view, its state and the picture from an address. */
  read({ searchParams }: URL): void {
    const id = viewIds.find((each) => each === searchParams.get("view")) ?? "round-trip";
    const language = languages.find((each) => each === searchParams.get("lang"));
    if (language !== undefined) this.preferences.language = language;
    // A link has no picture of the visitor's, and on the way back through the page theirs stays.
    this.model = modelAddress(searchParams.get("model"));
    const picture = searchParams.get("picture");
    if (picture !== null || this.subject.builtIn) this.subject.choose(picture);
    this.engine.size = sizes.find((size) => String(size) === searchParams.get("size")) ?? 256;
    this.#open(id, searchParams);
    this.#restore(id, searchParams);
    this.viewId = id;
    if (this.isPrerendered) fetchPicturesAhead(id);
  }

  /** The address of what is on screen, without what is the default, and without a picture of the visitor's. */
  get query(): string {
    const parts = this.viewId === "round-trip" ? [] : [["view", this.viewId]];
    if (this.model !== undefined) parts.push(["model", this.model]);
    const { id, builtIn } = this.subject;
    if (builtIn && id !== "still-life") parts.push(["picture", id]);
    if (this.engine.size !== 256) parts.push(["size", String(this.engine.size)]);
    return String(new URLSearchParams([...parts, ...writeState(this.view.fields, this.opened.state)]));
  }

  /** The state of the view that is open, for its history. */
  get written(): string {
    return String(new URLSearchParams(writeState(this.view.fields, this.opened.state)));
  }

  /** Whether what is on screen was computed before: the view as it begins, with the first picture at its usual size. */
  get isPrerendered(): boolean {
    return this.isMeasured && this.written === "";
  }

  /** Whether the built-in model was measured on this picture before. */
  get isMeasured(): boolean {
    return this.subject.id === "still-life" && this.engine.size === 256 && this.#isBuiltIn;
  }

  get #isBuiltIn(): boolean {
    return this.model === undefined && !(this.engine.place instanceof Array);
  }

  undo(): void {
    this.#restore(this.viewId, this.opened.history.undo());
  }

  redo(): void {
    this.#restore(this.viewId, this.opened.history.redo());
  }

  #open(id: ViewId, from: URLSearchParams): void {
    const { fields } = views[id];
    const state = readState(fields, from);
    const history = new History(String(new URLSearchParams(writeState(fields, state))));
    this.#opened[id] ??= { state, history };
  }

  #restore(id: ViewId, written: string | URLSearchParams | undefined): void {
    if (written === undefined) return;
    Object.assign(this.#opened[id]!.state, readState(views[id].fields, new URLSearchParams(written)));
  }
}

/** Addresses of models that a page can fetch. */
function modelAddress(given: string | null): string | undefined {
  if (given === null || given === "" || !URL.canParse(given, document.baseURI)) return undefined;
  return /^https?:$/.test(new URL(given, document.baseURI).protocol) ? given : undefined;
}

function kindOfFile({ name, type }: File): "weights" | "pickle" | "picture" | "other" {
  if (/\.safetensors$/i.test(name)) return "weights";
  if (/\.(?:ckpt|pt|pth|bin|pkl)$/i.test(name)) return "pickle";
  return type.startsWith("image/") || type === "" ? "picture" : "other";
}
