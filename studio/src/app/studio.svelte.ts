/** Everything that views share: the engine, the picture, the language, the colours, and the state of each view. */
import { Engine, sizes } from "../engine/engine.svelte.ts";
import { fetchPicturesAhead } from "../prerendered/index.ts";
import { Subject } from "../subject/subject.svelte.ts";
import { languages, type Language } from "../text/catalogue.ts";
import { views } from "../views/index.ts";
import { viewIds, type View, type ViewId } from "../views/view.ts";
import { readState, writeState } from "./fields.ts";
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

  /** Opens the model beside the page. */
  readonly openModel = async (): Promise<void> => {
    await this.engine.open(new URL("model/", document.baseURI));
    if (this.engine.status.phase === "ready") this.isKept = await keepForOffline();
  };

  /** What the visitor gives: a picture, or a model's weights, with or without their config.json. */
  async take(files: readonly File[]): Promise<void> {
    const [first] = files;
    if (files.some(({ name }) => name.endsWith(".safetensors"))) {
      await this.engine.open(files);
    } else if (first !== undefined) await this.subject.open(first);
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
    return this.subject.id === "still-life" && this.engine.size === 256 && !this.engine.isOwnModel;
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
