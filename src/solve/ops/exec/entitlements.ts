import { StepError } from '../../../core/errors.ts';
import type { ExecOp } from '../../../plan/vertex.ts';
import type { ExecSettings } from './settings.ts';

/** A RUN that asks for more than others may have needs --allow. @throws StepError `not-entitled` */
export function checkEntitlements(op: ExecOp, { allows }: Pick<ExecSettings, 'allows'>): void {
  const needed = [
    ...(op.network === 'host' ? (['network.host'] as const) : []),
    ...(op.security === 'insecure' ? (['security.insecure'] as const) : []),
    ...(op.devices.length > 0 ? (['device'] as const) : []),
  ];
  for (const entitlement of needed) {
    if (allows(entitlement)) continue;
    throw new StepError('not-entitled', `entitlement ${entitlement} is not allowed`, {
      hint: `allow it for this build with --allow ${entitlement}`,
    });
  }
}
