import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parseTimeout, withTimeout } from '../../../src/cli/flags/timeout.ts';
import { CanceledError } from '../../../src/core/errors.ts';

describe('--timeout', () => {
  test.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['1h30m', 5_400_000],
    ['0.01', 10],
  ])('%s', (text, want) => {
    expect(parseTimeout('--timeout', text)).toBe(want);
  });

  test.each([['', '0', 'x', '-1', '10 m', '1d', '1h30', '999999999']].flat())('not "%s"', (text) => {
    expect(() => parseTimeout('--timeout', text)).toThrow(
      expect.objectContaining({ code: 'bad-flag-value' }),
    );
  });
});

describe('work under a timeout', () => {
  const never = new AbortController().signal;
  const work = (signal: AbortSignal) =>
    delay(2000, 'done', { signal }).catch(() => {
      throw new CanceledError();
    });

  test('that takes too long is stopped, and that is a failure', async () => {
    await expect(withTimeout('0.02', never, work)).rejects.toMatchObject({ code: 'timed-out' });
  });

  test('that the person stops is canceled', async () => {
    await expect(withTimeout('60', AbortSignal.timeout(10), work)).rejects.toBeInstanceOf(CanceledError);
  });

  test('that is ready in time gives its result', async () => {
    expect(await withTimeout('60', never, async () => 'done')).toBe('done');
  });

  test('that fails keeps its own error', async () => {
    const failing = async () => {
      throw new Error('its own');
    };
    await expect(withTimeout('60', never, failing)).rejects.toThrow('its own');
  });
});
