/** Round numbers from 0 on that divide a length into no more than so many parts. Milliseconds, or anything else. */
export function niceSteps(length: number, most: number): number[] {
  const rough = length / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const count = Math.floor(length / step);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}
