import type { Efficiency } from './efficiency.ts';

/** What an image must keep to pass, with the names and the meaning of dive's rules. Absent ones are not checked. */
export interface WasteLimits {
  /** 0-1. */
  readonly lowestEfficiency?: number | undefined;
  readonly highestWastedBytes?: number | undefined;
  /** 0-1. */
  readonly highestUserWastedPercent?: number | undefined;
}

export interface LimitCheck {
  readonly rule: 'lowest-efficiency' | 'highest-wasted-bytes' | 'highest-user-wasted-percent';
  readonly limit: number;
  readonly value: number;
  readonly isKept: boolean;
}

/** Holds an image against the limits that are given. A value that just reaches its limit keeps it. */
export function checkLimits(efficiency: Efficiency, limits: WasteLimits): LimitCheck[] {
  const { score, wastedBytes, userWastedRatio } = efficiency;
  const checks: LimitCheck[] = [];
  const add = (rule: LimitCheck['rule'], limit: number | undefined, value: number, isLowest: boolean) => {
    if (limit === undefined) return;
    checks.push({ rule, limit, value, isKept: isLowest ? value >= limit : value <= limit });
  };
  add('lowest-efficiency', limits.lowestEfficiency, score, true);
  add('highest-wasted-bytes', limits.highestWastedBytes, wastedBytes, false);
  add('highest-user-wasted-percent', limits.highestUserWastedPercent, userWastedRatio, false);
  return checks;
}
