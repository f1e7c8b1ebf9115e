import { Command, type Option } from 'commander';

/** Commander's command, with the boolean flags of Docker's command line: `--pull=true`, `--push=false`. */
export class StrataCommand extends Command {
  override createCommand(name?: string): Command {
    return new StrataCommand(name);
  }

  override parseOptions(args: string[]): { operands: string[]; unknown: string[] } {
    return super.parseOptions(plainBooleans(args, this.options));
  }
}

const values: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  '1': true,
  false: false,
  f: false,
  '0': false,
};

/** `--flag=true` becomes `--flag`, `--flag=false` becomes `--no-flag` or vanishes; values of other flags stay untouched. */
function plainBooleans(args: readonly string[], options: readonly Option[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') return [...out, ...args.slice(i)];
    const [, flag = arg, text] = /^(--?[^=]+)=(.*)$/s.exec(arg) ?? [];
    const option = options.find(({ long, short }) => long === flag || short === flag);
    const value = text === undefined ? undefined : values[text.toLowerCase()];
    const takesNothing = option !== undefined && !option.required && !option.optional;
    if (takesNothing && value !== undefined) {
      const opposite = `--no-${flag.slice(2)}`;
      if (value) out.push(flag);
      else if (options.some(({ long }) => long === opposite)) out.push(opposite);
    } else {
      out.push(arg);
      if (option?.required === true && text === undefined) out.push(...args.slice(++i, i + 1));
    }
  }
  return out;
}
