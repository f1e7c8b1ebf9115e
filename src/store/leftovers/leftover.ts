export interface Leftover {
  readonly kind: 'process' | 'mount' | 'cgroup' | 'lock' | 'file';
  /** For people: what it is and where. */
  readonly text: string;
  /** A command that ends it. */
  readonly remedy: string;
}
