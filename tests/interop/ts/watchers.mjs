/** Those who wait for something to become true; they look whenever something has changed. */
export class Watchers {
  #all = new Set();

  /** Resolves when the condition holds. */
  until(condition) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const watcher = () => {
        if (!condition()) return;
        this.#all.delete(watcher);
        resolve();
      };
      this.#all.add(watcher);
    });
  }

  changed() {
    for (const watcher of [...this.#all]) watcher();
  }
}
