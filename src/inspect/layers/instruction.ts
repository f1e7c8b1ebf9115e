/**
 * The Dockerfile instruction that a history entry was written for, as far as its `created_by` tells: builders
 * decorate it in ways that say nothing to the person who wrote the Dockerfile.
 */
export function instructionOf(createdBy: string): string {
  const plain = createdBy.replace(/ # buildkit$/, '').trim();
  const metadata = /^\/bin\/sh -c #\(nop\) +(.*)$/s.exec(plain)?.[1];
  if (metadata !== undefined) return metadata.trim();
  // Values of build arguments stand before the command: `|2 A=1 B=2 /bin/sh -c make`.
  const [, run, command] = /^(RUN )?(?:\|\d+ .*?)?\/bin\/(?:ba|a|da)?sh -[a-z]*c (.*)$/s.exec(plain) ?? [];
  if (command !== undefined) return `RUN ${command.trim()}`;
  return run === undefined ? plain : `RUN ${run}`;
}

/** `RUN`, `COPY` …; undefined for what is no instruction. */
export function keywordOf(instruction: string): string | undefined {
  return /^([A-Z]+)\b/.exec(instruction)?.[1];
}
