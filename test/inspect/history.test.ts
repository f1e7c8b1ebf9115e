import { describe, expect, test } from 'vitest';
import { dockerAge, dockerSize } from '../../src/cli/inspect/docker-words.ts';
import { expectGolden, strata } from './cli.ts';

const app = 'fixtures/images/app-1.tar';

describe('the history of a kept image', () => {
  test.each<[golden: string, args: string[]]>([
    ['history.txt', ['--human=false']],
    ['history-no-trunc.txt', ['--human=false', '--no-trunc']],
    ['history-template.txt', ['--format', '{{.ID}}\\t{{json .CreatedBy}} {{ .Size }}|{{.CreatedAt}}']],
    ['history-table-template.txt', ['--format', 'table {{.ID}}\\t{{.Size}}\\t{{.CreatedBy}}']],
    ['history-quiet.txt', ['--quiet', '--no-trunc']],
  ])('%s', async (golden, args) => {
    const { code, stdout, stderr } = await strata(['history', ...args, app]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expectGolden(golden, stdout);
  });

  test.each([
    [24, 2],
    [40, 3],
    [60, 4],
    [80, 4],
    [132, 5],
  ])('it fits a terminal of %i columns', async (columns, count) => {
    const { stdout } = await strata(['history', app], { columns, env: { NO_COLOR: '1' } });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines[0]?.split(/ {2,}/)).toHaveLength(count);
    expect(lines).toHaveLength(10);
  });

  test("json has Docker's members, an object a line", async () => {
    const { stdout } = await strata(['history', '--human=false', '--format', 'json', app]);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(9);
    expect(rows[1]).toEqual({
      Comment: 'buildkit.dockerfile.v0',
      CreatedAt: '2026-01-01T00:07:00Z',
      CreatedBy: 'COPY app.conf /etc/app/ # buildkit',
      CreatedSince: '2026-01-01T00:07:00Z',
      ID: '<missing>',
      Size: '600',
    });
  });

  test.each<[args: string[], stderr: string]>([
    [['--format', '{{.Sizee}}'], 'did you mean {{.Size}}?'],
    [['--format', '{{range .}}'], '{{range .}} is not understood'],
  ])('%s is wrong usage', async (args, stderr) => {
    expect(await strata(['history', ...args, app])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(stderr),
    });
  });
});

test.each<[bytes: number, text: string]>([
  [0, '0B'],
  [999, '999B'],
  [1000, '1kB'],
  [14_800, '14.8kB'],
  [1_234_567, '1.23MB'],
  [77_800_000, '77.8MB'],
  [5e9, '5GB'],
])('%i bytes are %s', (bytes, text) => {
  expect(dockerSize(bytes)).toBe(text);
});

const second = 1000;
const day = 86_400 * second;
test.each<[age: number, text: string]>([
  [0, 'Less than a second ago'],
  [second, '1 second ago'],
  [59 * second, '59 seconds ago'],
  [60 * second, 'About a minute ago'],
  [150 * second, '2 minutes ago'],
  [3600 * second, 'About an hour ago'],
  [47 * 3600 * second, '47 hours ago'],
  [13 * day, '13 days ago'],
  [15 * day, '2 weeks ago'],
  [100 * day, '3 months ago'],
  [800 * day, '2 years ago'],
])('an age of %i ms is %s', (age, text) => {
  expect(dockerAge(age)).toBe(text);
});
