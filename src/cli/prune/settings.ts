/** The member `prune` of the configuration file. Sizes are kept as text: shares are of the disk the root is on. */
export interface PruneSettings {
  /** Whether builds see to it. */
  readonly isAutomatic: boolean;
  /** What the store may take: bytes or a share of its disk. */
  readonly keepSize: string;
  /** What its disk must have free. */
  readonly free: string;
  /** What was not used for so long goes in any case. */
  readonly olderThan?: string;
}

/** What holds where no configuration file says otherwise. */
export const defaultPruneSettings: PruneSettings = { isAutomatic: true, keepSize: '25%', free: '10%' };
