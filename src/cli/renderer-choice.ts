import { UsageError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { clipOutput } from '../progress/clip-output.ts';
import { foldingFromEnvironment } from '../progress/plain/folding.ts';
import { plainRenderer } from '../progress/plain/plain.ts';
import { quietRenderer } from '../progress/quiet.ts';
import { rawjsonRenderer } from '../progress/rawjson.ts';
import type { Renderer } from '../progress/renderer.ts';
import { ttyRenderer } from '../progress/tty/tty.ts';
import type { CliIO } from './io.ts';
import { forbidsColors, isTerminal, usesColors } from './terminal.ts';

const modes = ['auto', 'tty', 'plain', 'quiet', 'none', 'rawjson'] as const;

/**
 * How a build is shown: as `--progress`, `--quiet` or $BUILDKIT_PROGRESS say, else live on a terminal and as
 * a log elsewhere, which is clipped only where $BUILDKIT_STEP_LOG_MAX_SIZE says so.
 *
 * @throws UsageError `bad-flag-value`, `conflicting-flags`, `bad-log-size`
 */
export function openRenderer(
  flags: { readonly progress?: string; readonly quiet?: boolean },
  io: CliIO,
): { renderer: Renderer; isLive: boolean } {
  const { stderr: stream, env } = io;
  const mode = chooseMode(flags, io);
  if (mode === 'quiet' || mode === 'none') return { renderer: quietRenderer(), isLive: true };
  if (mode === 'rawjson') return { renderer: clipped(rawjsonRenderer({ stream }), env), isLive: false };
  if (mode === 'tty') {
    if (!canShowLive(io)) {
      throw new UsageError('no-terminal', '--progress tty: standard error is no terminal of a known size', {
        hint: 'use --progress plain',
      });
    }
    const terminal = stream as NodeJS.WriteStream;
    return {
      renderer: ttyRenderer({ stream: terminal, usesColors: usesColors(io), now: Date.now }),
      isLive: true,
    };
  }
  const folding = foldingFromEnvironment(env);
  const renderer = plainRenderer({ stream, folding, keepsColors: !forbidsColors(env) });
  return { renderer: clipped(renderer, env), isLive: false };
}

/** BuildKit's own variable, in bytes; nothing, 0 and negative numbers mean no limit. */
function clipped(renderer: Renderer, env: CliIO['env']): Renderer {
  const given = env.BUILDKIT_STEP_LOG_MAX_SIZE ?? '';
  if (!/^(-?[0-9]+)?$/.test(given)) {
    throw new UsageError('bad-log-size', `BUILDKIT_STEP_LOG_MAX_SIZE=${given}: want a number of bytes`, {
      hint: 'for example 2097152 for 2 MiB of each step, or -1 for all of it',
    });
  }
  return Number(given) > 0 ? clipOutput(renderer, Number(given)) : renderer;
}

function chooseMode(
  flags: { readonly progress?: string; readonly quiet?: boolean },
  io: CliIO,
): Exclude<(typeof modes)[number], 'auto'> {
  const given = flags.progress ?? (io.env.BUILDKIT_PROGRESS || 'auto');
  const mode = modes.find((candidate) => candidate === given);
  if (mode === undefined) {
    const near = suggest(given, modes);
    throw new UsageError('bad-flag-value', `--progress ${given}: unknown mode`, {
      hint: near === undefined ? `the modes are ${modes.join(', ')}` : `did you mean ${near}?`,
    });
  }
  if (flags.quiet === true) {
    if (flags.progress !== undefined && mode !== 'auto' && mode !== 'quiet' && mode !== 'none') {
      throw new UsageError('conflicting-flags', `--quiet and --progress ${mode} exclude each other`);
    }
    return 'quiet';
  }
  if (mode !== 'auto') return mode;
  return canShowLive(io) && io.env.TERM !== 'dumb' ? 'tty' : 'plain';
}

/** Pseudo-terminals of CI services are often no columns wide. */
function canShowLive({ stderr }: CliIO): boolean {
  return isTerminal(stderr) && 'columns' in stderr && Number(stderr.columns) > 0;
}
