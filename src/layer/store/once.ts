/** Shares work that several ask for; what failed may be tried again. */
export function once<K, T>(memory: Map<K, Promise<T>>, key: K, work: () => Promise<T>): Promise<T> {
  let known = memory.get(key);
  if (known === undefined) {
    known = work();
    memory.set(key, known);
    known.catch(() => memory.delete(key));
  }
  return known;
}
