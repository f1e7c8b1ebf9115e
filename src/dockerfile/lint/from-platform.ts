/** The two rules about `FROM --platform=`. */
import { type Platform, parsePlatform } from '../../core/platform.ts';
import type { Dockerfile, FromInstruction, Word } from '../instruction.ts';
import { expandWord } from '../words/expand.ts';
import { globalArgsOf } from './global-args.ts';
import type { ParseRule } from './parse-rule.ts';

export const redundantTargetPlatform: ParseRule = {
  name: 'RedundantTargetPlatform',
  *find(dockerfile) {
    for (const { from, platform, used, value } of platformWords(dockerfile)) {
      if (
        used.length !== 1 ||
        used[0] !== 'TARGETPLATFORM' ||
        value !== globalArgsOf(dockerfile).lookup('TARGETPLATFORM')
      )
        continue;
      yield {
        message: `--platform=${platform.raw} is redundant: the target platform is the default`,
        span: platform.span,
        help: 'remove the flag',
        comments: from.comments,
      };
    }
  },
};

export const fromPlatformFlagConstDisallowed: ParseRule = {
  name: 'FromPlatformFlagConstDisallowed',
  *find(dockerfile) {
    for (const { from, platform, used, value } of platformWords(dockerfile)) {
      if (used.length > 0) continue;
      const parsed = platformOf(value);
      const { name = '' } = from;
      if (parsed === undefined || name.includes(parsed.os) || name.includes(parsed.architecture)) continue;
      yield {
        message: `--platform should not be the constant "${value}"`,
        span: platform.span,
        help: `use $BUILDPLATFORM, or name the stage after the platform: AS ${name === '' ? 'build' : name}_${parsed.architecture}`,
        comments: from.comments,
      };
    }
  },
};

interface PlatformWord {
  readonly from: FromInstruction;
  readonly platform: Word;
  /** Names of the variables in it, set or not. */
  readonly used: readonly string[];
  readonly value: string;
}

function platformWords(dockerfile: Dockerfile): PlatformWord[] {
  const { lookup } = globalArgsOf(dockerfile);
  return dockerfile.stages.flatMap(({ from }) => {
    const { platform } = from;
    if (platform === undefined) return [];
    const used = new Set<string>();
    const watched = (name: string) => {
      used.add(name);
      return lookup(name);
    };
    const expanded = expandWord(platform.raw, watched, dockerfile.directives.escape);
    return expanded.ok ? [{ from, platform, used: [...used], value: expanded.value }] : [];
  });
}

/** A wrong platform is an error elsewhere. */
function platformOf(text: string): Platform | undefined {
  try {
    return parsePlatform(text, { os: 'linux', architecture: 'amd64' });
  } catch {
    return undefined;
  }
}
