/** `--chmod` (Dockerfile reference, 3.6): octal, or a list in the style of BSD's chmod; no umask. */
export interface ModeChange {
  /** The mode that directories made on the way get: the octal one's permission bits, 0755 for a symbolic list. */
  readonly implicitDirectory: number;
  apply(mode: number, isDirectory: boolean): number;
}

const setId = 0o6000;
const sticky = 0o1000;
/** What each letter before an operator speaks of. */
const whoBits: Record<string, number> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 };
const permissionBits: Record<string, number> = { r: 0o444, w: 0o222, x: 0o111, s: setId, t: sticky };
/** How far a copied class stands from the lowest bits. */
const classShift: Record<string, number> = { u: 6, g: 3, o: 0 };

/** Reads the value of `--chmod`; undefined if it is none. */
export function readModeChange(text: string): ModeChange | undefined {
  if (/^[0-9]+$/.test(text)) return octal(text);
  const steps: Step[] = [];
  for (const clause of text.split(',')) {
    const [, who = '', rest = ''] = /^([ugoa]*)(.*)$/s.exec(clause) ?? [];
    if (!/^(?:[-+=][rwxXstugo]*)+$/.test(rest)) return undefined;
    for (const [, operator, letters] of rest.matchAll(/([-+=])([rwxXstugo]*)/g)) {
      steps.push(step(who, operator as Operator, letters ?? ''));
    }
  }
  return {
    implicitDirectory: 0o755,
    apply: (mode, isDirectory) =>
      steps.reduce((changed, change) => change(changed, isDirectory || (mode & 0o111) !== 0), mode),
  };
}

function octal(text: string): ModeChange | undefined {
  const value = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  if (!(value <= 0o7777)) return undefined;
  return { implicitDirectory: value & 0o777, apply: () => value };
}

type Operator = '+' | '-' | '=';
/** `mayExecute`: a directory, or a file that was executable for anybody before the whole change. */
type Step = (mode: number, mayExecute: boolean) => number;

function step(who: string, operator: Operator, letters: string): Step {
  let scope = 0;
  for (const letter of who) scope |= whoBits[letter] ?? 0;
  let bits = 0;
  for (const letter of letters) {
    // Set-id and sticky bits belong to everybody but "others".
    if ((letter === 's' || letter === 't') && who !== '' && (scope & ~0o7) === 0) continue;
    bits |= permissionBits[letter] ?? 0;
  }
  // The sticky bit is in nobody's scope, so `t` brings its own.
  const reach = who === '' ? 0o7777 : scope | (bits & sticky);
  const copied = [...letters].filter((letter) => letter in classShift);
  // `g=u` copies permissions and leaves set-id bits alone; `g=r` and `g=` clear them.
  const cleared = (who === '' ? 0o6777 : scope) & (copied.length > 0 && bits === 0 ? 0o777 : 0o7777);

  return (mode, mayExecute) => {
    let wanted = bits & reach;
    if (letters.includes('X') && mayExecute) wanted |= 0o111 & reach;
    for (const letter of copied) wanted |= (((mode >> (classShift[letter] ?? 0)) & 7) * 0o111) & reach;
    if (operator === '-') return mode & ~wanted;
    return (operator === '=' ? mode & ~cleared : mode) | wanted;
  };
}
