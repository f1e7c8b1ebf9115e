import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { skipIsJustified } from './capabilities.ts';

/**
 * Closes a run with `N passed, N failed, N skipped`, and fails it when a test was skipped although this
 * machine has what the test needs (or the test does not say what it needs).
 */
export function countingReporter(): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], unhandledErrors) {
      const tests = modules.flatMap((module) => [...module.children.allTests()]);
      const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
      const brokenFiles = modules.filter((module) => module.errors().length > 0).length;

      // What a failed hook kept from running did not pass, whatever it is called.
      const prevented = inState('skipped').filter(isInBrokenSuite);
      const skipped = inState('skipped').filter((test) => !isInBrokenSuite(test));
      for (const reason of new Set(skipped.map(skipReason))) process.stdout.write(`skipped: ${reason}\n`);
      const unjustified = skipped.filter((test) => !skipIsJustified(test.fullName));
      for (const test of unjustified) {
        process.stdout.write(
          `skipped without need: ${test.module.relativeModuleId}: ${test.fullName}\n` +
            '  this machine has what the test needs, or its title does not say what that is\n',
        );
      }
      if (unjustified.length > 0) process.exitCode = 1;

      const failed = inState('failed').length + prevented.length + brokenFiles + unhandledErrors.length;
      const line = `${inState('passed').length} passed, ${failed} failed, ${skipped.length} skipped\n`;
      process.stdout.write(line);
      const file = process.env.STRATA_TEST_COUNTS;
      if (file !== undefined) writeFileSync(file, line);
    },
  };
}

function isInBrokenSuite(test: TestCase): boolean {
  for (let parent = test.parent; parent.type === 'suite'; parent = parent.parent) {
    if (parent.errors().length > 0) return true;
  }
  return false;
}

function skipReason(test: TestCase): string {
  return /\(this machine lacks: [^)]+\)/.exec(test.fullName)?.[0] ?? test.fullName;
}
