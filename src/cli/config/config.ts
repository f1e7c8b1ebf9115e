import type { ProxySettings } from '../../core/proxy.ts';
import type { Compression } from '../../layer/compression.ts';
import type { OverlayChoice } from '../../snapshot/mount/overlay-choice.ts';
import type { PruneSettings } from '../prune/settings.ts';

/** What the configuration files say; a flag on the command line wins over it. */
export interface Config {
  /** Registry host to mirror URLs, in order. */
  readonly registryMirrors: ReadonlyMap<string, readonly string[]>;
  readonly insecureRegistries: readonly string[];
  readonly caFiles: readonly string[];
  /** Where the environment names none. */
  readonly proxy: ProxySettings;
  readonly runtime?: string;
  /** Who mounts the files of steps without root; whoever can, where it is not said. */
  readonly snapshotter?: OverlayChoice;
  readonly maxParallelism?: number;
  /** Of layers, where no output says otherwise. */
  readonly compression?: Compression['algorithm'];
  readonly prune: PruneSettings;
}
