import { matches } from "./modelled-message.ts";

/** Who listens to what. Finding them takes as long as a topic is deep, however many there are. */
export class Subscriptions<Who> {
  readonly #exact = new Map<string, Set<Who>>();
  /** `a/b/#`, by `a/b`. */
  readonly #below = new Map<string, Set<Who>>();
  /** Of how many levels those are. */
  readonly #depths = new Set<number>();
  /** `a/b/+`, by `a/b`. */
  readonly #oneBelow = new Map<string, Set<Who>>();
  readonly #others: { filter: string; who: Who }[] = [];

  add(filter: string, who: Who): void {
    const isBelow = filter.endsWith("/#") && !filter.includes("+");
    if (isOneBelow(filter)) addTo(this.#oneBelow, filter.slice(0, -2), who);
    else if (isBelow) {
      this.#depths.add(filter.split("/").length - 1);
      addTo(this.#below, filter.slice(0, -2), who);
    } else if (/[+#]/.test(filter)) this.#others.push({ filter, who });
    else addTo(this.#exact, filter, who);
  }

  remove(filter: string, who: Who): void {
    const at = this.#others.findIndex((other) => other.filter === filter && other.who === who);
    if (at >= 0) this.#others.splice(at, 1);
    removeFrom(this.#exact, filter, who);
    if (isOneBelow(filter)) removeFrom(this.#oneBelow, filter.slice(0, -2), who);
    if (filter.endsWith("/#")) removeFrom(this.#below, filter.slice(0, -2), who);
  }

  /** Everybody whose filter matches, each once, in an order that the calls of `add` fix. */
  find(topic: string): Who[] {
    const exact = this.#exact.get(topic);
    const found = exact ? [...exact] : [];
    const oneBelow =
      this.#oneBelow.size > 0
        ? this.#oneBelow.get(topic.slice(0, Math.max(0, topic.lastIndexOf("/"))))
        : undefined;
    if (oneBelow) for (const who of oneBelow) if (!found.includes(who)) found.push(who);
    for (const levels of this.#depths) {
      const end = endOfLevel(topic, levels);
      const below = end > 0 ? this.#below.get(topic.slice(0, end)) : undefined;
      if (below) for (const who of below) if (!found.includes(who)) found.push(who);
    }
    for (const { filter, who } of this.#others) {
      if (matches(filter, topic) && !found.includes(who)) found.push(who);
    }
    return found;
  }
}

/** Its one wildcard is its last level. */
function isOneBelow(filter: string): boolean {
  return filter.endsWith("/+") && !/[+#]/.test(filter.slice(0, -1));
}

/** Where the first so many levels of a topic end; -1 when it has fewer. */
function endOfLevel(topic: string, levels: number): number {
  let end = -1;
  for (let level = 0; level < levels; level += 1) {
    end = topic.indexOf("/", end + 1);
    if (end < 0) return level === levels - 1 ? topic.length : -1;
  }
  return end;
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
