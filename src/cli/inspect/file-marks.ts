import type { TarEntryType } from '../../tar/entry.ts';

/** The letter of a file's type, as `ls -l` has it; tar knows hard links too. */
export const typeLetters: Readonly<Record<TarEntryType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  hardlink: 'h',
  fifo: 'p',
  char: 'c',
  block: 'b',
};

/** What a layer did to a file. */
export const changeSigns = { added: '+', changed: '~', removed: '-' } as const;
