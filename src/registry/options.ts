import type { CredentialSource } from './credentials.ts';
import type { ProxySettings } from './proxy.ts';

/** What the client is told once, for all registries. */
export interface RegistryClientOptions {
  /** Registry to its mirrors (`http://host:port` or `host:port`), tried in order before the registry itself. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** Hosts (`name` or `name:port`) spoken to in plain HTTP, as loopback is without asking. */
  readonly insecure: readonly string[];
  /** PEM files of authorities that are trusted besides the usual ones. */
  readonly caFiles: readonly string[];
  readonly proxy?: ProxySettings;
  readonly userAgent: string;
  /** Asked only after a registry wanted to know who we are. */
  readonly credentials?: CredentialSource;
  readonly timing?: Partial<Timing>;
}

export interface Timing {
  /** To open a connection. */
  readonly connectMs: number;
  /** Without a byte from the server. */
  readonly idleMs: number;
  /** How often a request is tried in all. */
  readonly attempts: number;
  /** Before the second try; doubled for each one after it. */
  readonly firstPauseMs: number;
}

export const defaultTiming: Timing = {
  connectMs: 15_000,
  idleMs: 60_000,
  attempts: 5,
  firstPauseMs: 300,
};
