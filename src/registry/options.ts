import type { ProxySettings } from '../core/proxy.ts';
import type { CredentialSource } from './credentials/credentials.ts';

/** What the client is told once, for all registries. */
export interface RegistryClientOptions {
  /** Registry to its mirrors (`http://host:port` or `host:port`), tried in order before the registry itself. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /**
   * Hosts (`name`, `name:port`, `address/bits`) whose certificate is not looked at, and which are spoken to in
   * plain HTTP when they know no TLS.
   */
  readonly insecure: readonly string[];
  readonly trust: Trust;
  readonly proxy: ProxySettings;
  readonly userAgent: string;
  /** Asked only after a registry wanted to know who we are. */
  readonly credentials: CredentialSource;
  readonly timing?: Partial<Timing>;
}

/** Whose word is taken for who a server is, and how we show who we are; all files in PEM form. */
export interface Trust {
  /** The authorities this system trusts; Node's own when undefined. */
  readonly systemFile: string | undefined;
  /** Authorities that are trusted besides those. */
  readonly caFiles: readonly string[];
  /**
   * Directories in Docker's form: `HOST[:PORT]/` holds authorities for one host (`*.crt`) and what it wants of
   * its clients (`NAME.cert` and `NAME.key`).
   */
  readonly hostDirectories: readonly string[];
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
  /** Nobody waits longer before another try; who is asked to, gives up. */
  readonly longestPauseMs: number;
}

export const defaultTiming: Timing = {
  connectMs: 15_000,
  idleMs: 60_000,
  attempts: 5,
  firstPauseMs: 300,
  longestPauseMs: 60_000,
};
