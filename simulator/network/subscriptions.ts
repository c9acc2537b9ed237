import { matches } from "./modelled-message.ts";

/** Who listens to what. Finding them takes as long as a topic is deep, however many there are. */
export class Subscriptions<Who> {
  readonly #exact = new Map<string, Set<Who>>();
  /** `a/b/#`, by `a/b`. */
  readonly #below = new Map<string, Set<Who>>();
  readonly #others: { filter: string; who: Who }[] = [];

  add(filter: string, who: Who): void {
    const isBelow = filter.endsWith("/#") && !filter.includes("+");
    if (isBelow) addTo(this.#below, filter.slice(0, -2), who);
    else if (/[+#]/.test(filter)) this.#others.push({ filter, who });
    else addTo(this.#exact, filter, who);
  }

  remove(filter: string, who: Who): void {
    const at = this.#others.findIndex((other) => other.filter === filter && other.who === who);
    if (at >= 0) this.#others.splice(at, 1);
    removeFrom(this.#exact, filter, who);
    if (filter.endsWith("/#")) removeFrom(this.#below, filter.slice(0, -2), who);
  }

  /** Everybody whose filter matches, each once, in an order that the calls of `add` fix. */
  find(topic: string): Iterable<Who> {
    const found = new Set(this.#exact.get(topic));
    for (let end = topic.length; end > 0; end = topic.lastIndexOf("/", end - 1)) {
      for (const who of this.#below.get(topic.slice(0, end)) ?? []) found.add(who);
    }
    for (const { filter, who } of this.#others) if (matches(filter, topic)) found.add(who);
    return found;
  }
}

function addTo<Who>(index: Map<string, Set<Who>>, key: string, who: Who): void {
  const there = index.get(key);
  if (there) there.add(who);
  else index.set(key, new Set([who]));
}

function removeFrom<Who>(index: Map<string, Set<Who>>, key: string, who: Who): void {
  const there = index.get(key);
  if (there?.delete(who) && there.size === 0) index.delete(key);
}
