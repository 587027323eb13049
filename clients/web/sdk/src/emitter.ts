/** Typed events, to listeners and to loops. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();
  #ended = new AbortController();

  /** Calls `listener` with each; what is returned ends it. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Each from now on, in order, until the loop is left, `signal` aborts or all `end`; what the loop has not taken yet waits. */
  async *stream<Name extends keyof Events>(name: Name, signal?: AbortSignal): AsyncGenerator<Events[Name], void, void> {
    const waiting: Events[Name][] = [];
    let wake: () => void = () => undefined;
    const off = this.on(name, (value) => {
      waiting.push(value);
      wake();
    });
    const over = AbortSignal.any([this.#ended.signal, ...(signal ? [signal] : [])]);
    over.addEventListener("abort", () => wake());
    try {
      while (!over.aborted) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      off();
    }
  }

  /** Nothing comes any more: the loops that there are end. */
  end(): void {
    this.#ended.abort();
    this.#ended = new AbortController();
  }

  /** One listener that throws does not keep the others from hearing; its error is reported like any uncaught one. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (value: Events[Name]) => void)(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
