interface Held {
  restValue: unknown;
  values: { value: unknown }[];
}

const held = new WeakMap<object, Map<PropertyKey, Held>>();

/**
 * Sets a property until what this answers is called. Several may hold the same one: the newest of those that still
 * do decides, and when none does it is what it was before all of them.
 */
export function hold<T extends object, K extends keyof T>(target: T, key: K, value: T[K]): () => void {
  const ofTarget = held.get(target) ?? new Map<PropertyKey, Held>();
  held.set(target, ofTarget);
  const own: Held = ofTarget.get(key) ?? { restValue: target[key], values: [] };
  ofTarget.set(key, own);
  const entry = { value };
  own.values.push(entry);
  target[key] = value;
  return () => {
    own.values = own.values.filter((one) => one !== entry);
    const newest = own.values.at(-1);
    target[key] = (newest ? newest.value : own.restValue) as T[K];
    if (!newest) ofTarget.delete(key);
  };
}
