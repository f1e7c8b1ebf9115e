/** One way in, as a `WWW-Authenticate` header offers it (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const pair = new RegExp(`^(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
const start = new RegExp(`^(${token})(?:[ \\t]+|$|(?=,))`);

/** Reads all challenges of a header, also of several joined by commas; stops at what it cannot read. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header;
  for (;;) {
    rest = rest.replace(/^[ \t,]+/, '');
    const parameter = pair.exec(rest);
    if (parameter !== null) {
      const [whole, name = '', quoted, plain = ''] = parameter;
      challenges.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain);
      rest = rest.slice(whole.length);
      continue;
    }
    const next = start.exec(rest);
    if (next === null) return challenges;
    challenges.push({ scheme: (next[1] ?? '').toLowerCase(), parameters: new Map() });
    rest = rest.slice(next[0].length);
  }
}
