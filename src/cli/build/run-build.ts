import { availableParallelism } from 'node:os';
import type { BuildOptions } from '../../build/options.ts';
import type { BuildRecord, RecordedStep } from '../../build/record/build-record.ts';
import { StepError } from '../../core/errors.ts';
import type { ProgressEvent } from '../../core/event.ts';
import { holdDuringShell } from '../../progress/hold-during-shell.ts';
import type { CommandContext } from '../commands/command.ts';
import { configPlaces, readConfig } from '../config/config-file.ts';
import { type BuildFlags, readBuildOptions } from '../flags/build-options.ts';
import { readCall } from '../flags/call.ts';
import { readOnFailure } from '../flags/on-failure.ts';
import { withTimeout } from '../flags/timeout.ts';
import { openRenderer } from '../renderer-choice.ts';
import { drained } from './drained.ts';
import type { OpenTrace } from './open-trace.ts';
import { openOutputTail } from './output-tail.ts';

/** Lines of a failed step that its error repeats: the log has them all, a live view has not. */
const tailLength = { log: 10, live: 60 };

/**
 * Does what `strata build` was asked for: builds and shows how it goes, or only says something of the Dockerfile.
 * @throws UsageError for what the flags say; what `build` throws; StepError `cache-miss` when `--fail-on-miss`
 * finds that steps ran
 */
export async function runBuild(
  contextPath: string,
  flags: BuildFlags,
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const { env } = io;
  const call = readCall(flags);
  const config = readConfig(configPlaces(env));
  const options = readBuildOptions(flags, {
    context: contextPath,
    root: context.root(),
    env,
    config,
    processors: availableParallelism(),
    isStdoutTerminal: io.stdout.isTTY === true,
    failureShell: readOnFailure(flags, contextPath, io),
  });
  if (call !== undefined) {
    const { runCall } = await import('../calls/run-call.ts');
    return runCall(call, options, context);
  }
  const record = await showBuild(options, flags, context);
  const { startPruneWhenDue } = await import('../prune/when-due.ts');
  startPruneWhenDue(options.root, config.prune);
  const missed = record.plans.flatMap(({ steps }) => steps.filter(({ result }) => result === 'run'));
  const isRefused = options.failOnMiss && missed.length > 0;
  if (options.explain || isRefused) {
    const { printExplanation } = await import('../print/print-explanation.ts');
    io.stderr.write(printExplanation(record));
  }
  if (isRefused) throw missedCache(missed);
}

/** Builds, and shows it as the flags want it shown. */
async function showBuild(
  options: BuildOptions,
  flags: BuildFlags,
  context: CommandContext,
): Promise<BuildRecord> {
  const { io, signal } = context;
  const { singleIDReason } = await context.becomeRoot();
  // What only looks at a Dockerfile does not wait for all this to load.
  const { build } = await import('../../build/build.ts');
  const trace = await watchTime(flags.trace, context);
  const isShared = options.failureShell !== undefined;
  const opened = openRenderer(isShared ? { ...flags, progress: 'plain' } : flags, io);
  const renderer = isShared ? holdDuringShell(opened.renderer) : opened.renderer;
  const tail = openOutputTail(opened.isLive ? tailLength.live : tailLength.log);
  context.tail = tail;
  if (singleIDReason !== undefined) renderer.handle(singleIDNote(singleIDReason));
  try {
    const { imageID, record } = await withTimeout(flags.timeout, signal, (stopping) =>
      build(options, {
        emit(event) {
          if (event.type === 'note' && event.isDetail === true && !context.isDebug()) return;
          tail.handle(event);
          renderer.handle(event);
        },
        shown: () => drained(io.stderr),
        signal: stopping,
        stdin: io.stdin,
        stdout: io.stdout,
        env: io.env,
        now: Date.now,
      }),
    );
    if (flags.quiet === true && imageID !== undefined) io.stdout.write(`${imageID}\n`);
    return record;
  } finally {
    await renderer.close();
    trace?.close();
  }
}

/** Nothing is loaded for a build that nobody watches. */
async function watchTime(path: string | undefined, context: CommandContext): Promise<OpenTrace | undefined> {
  if (path === undefined && !context.isDebug()) return undefined;
  const { openTrace } = await import('./open-trace.ts');
  return openTrace(path, context.isDebug(), context.io);
}

function singleIDNote(reason: string): ProgressEvent {
  const text = `without subordinate ids all files belong to root, and a step that needs another user fails: ${reason}`;
  return { type: 'note', text, at: Date.now() };
}

function missedCache([first, ...others]: readonly RecordedStep[]): StepError {
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return new StepError('cache-miss', `not answered from the cache: ${first?.label}${more}`, {
    hint: 'the build is whole: --fail-on-miss only asks that nothing had to run',
  });
}
